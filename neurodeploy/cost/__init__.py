"""What a run costs: NeuroBench's metrics, energy proxies, one report."""

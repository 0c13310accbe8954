"""What the page shows, a file a section: each makes charts and tables of what was measured."""

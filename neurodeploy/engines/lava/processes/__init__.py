"""Lava processes of ours, alone in their folder: Lava imports every file beside a process."""

# What a script that fills tables needs; the scripts in train/ use no more than this and `nd`.
from .ann_encoder import ann_model as ann_model
from .markdown import Column as Column
from .markdown import fill as fill
from .markdown import markdown_table as markdown_table
from .measure import measure as measure
from .measure import measure_images as measure_images
from .measure import measure_sampled as measure_sampled
from .oracle import LeNet as LeNet
from .oracle import train_oracle as train_oracle
from .rate_coded import run_counting as run_counting
from .rate_coded import run_spike_rate as run_spike_rate
from .script import RESULTS as RESULTS
from .script import run_script as run_script
from .script import script_parser as script_parser
from .summary import write_summary as write_summary
from .units import Run as Run
from .units import Unit as Unit

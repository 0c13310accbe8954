from .base import Sources as Sources
from .base import Task as Task
from .base import collect as collect
from .base import train_task as train_task
from .image import ImageTask as ImageTask
from .image import input_spikes as input_spikes
from .registry import TASKS as TASKS
from .registry import task as task

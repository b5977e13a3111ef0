"""Its presence puts this folder on the path (pytest's prepend mode), so that tests share `simdisk` and `states`."""

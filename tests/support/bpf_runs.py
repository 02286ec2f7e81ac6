# SPDX-License-Identifier: GPL-3.0-or-later
#
# How often the BPF programs that a process holds links of ran, by name, as the kernel counts it (BPF_ENABLE_STATS, while a Runs lives). A figure that does not depend on
# what else the machine does. Needs root.
import contextlib
import ctypes
import os

CALL, FD_BY_ID, ENABLE_STATS = 321, 13, 32


def bpf(command, first=0):
    attribute = ctypes.create_string_buffer(first.to_bytes(4, 'little'), 128)
    fd = ctypes.CDLL(None, use_errno=True).syscall(CALL, command, attribute, len(attribute))
    if fd < 0:
        raise OSError(ctypes.get_errno(), 'bpf')
    return fd


def fields(path):
    with open(path, encoding='ascii') as f:
        return dict(line.split(':', 1) for line in f if ':' in line)


class Runs(contextlib.AbstractContextManager):
    def __init__(self, pid):
        self.stats, self.programs = bpf(ENABLE_STATS), {}
        for name in os.listdir(f'/proc/{pid}/fdinfo'):
            said = fields(f'/proc/{pid}/fdinfo/{name}')
            if 'link_type' in said and 'prog_id' in said:
                number = int(said['prog_id'])
                if number not in self.programs:
                    self.programs[number] = bpf(FD_BY_ID, number)

    def now(self):
        """Runs and nanoseconds of all of them."""
        said = [fields(f'/proc/self/fdinfo/{fd}') for fd in self.programs.values()]
        return sum(int(one['run_cnt']) for one in said), sum(int(one['run_time_ns']) for one in said)

    def __exit__(self, *_):
        for fd in (self.stats, *self.programs.values()):
            os.close(fd)

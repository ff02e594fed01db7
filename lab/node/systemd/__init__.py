"""systemd of the simulated node: units from fstab and from files, timers, boot."""


class Systemd:
    def __init__(self, machine) -> None:
        self.machine = machine

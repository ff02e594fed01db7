"""Every kind of single value and list: spellings with their normal form, and what is refused with the reason."""

from __future__ import annotations

from tests.cases.spelling import Bad, Good

GOOD: Good = {
    "Text": [("a", "a"), ("Kühlschrank ☃", "Kühlschrank ☃"), (" a ", " a ")],
    "Flag": [
        *((value, True) for value in (True, 1, 1.0, "1", "yes", "Yes", "on", "TRUE")),
        *((value, False) for value in (False, 0, 0.0, "0", "no", "off", "False")),
    ],
    "Whole": [(3, 3), (3.0, 3), ("3", 3), ("-1", -1), ("007", 7)],
    "StorageId": [("nas-backups", "nas-backups"), ("a1", "a1"), ("NAS.x_y", "NAS.x_y")],
    "JobId": [("backup-home-p0-daily", "backup-home-p0-daily"), ("A_", "A_"), ("a" * 50, "a" * 50)],
    "NodeName": [("pve", "pve"), ("pve-1", "pve-1"), ("1", "1")],
    "PoolId": [("home", "home"), ("home/critical", "home/critical")],
    "AbsolutePath": [("/var/tmp", "/var/tmp"), ("/a b/ü", "/a b/ü"), ("/", "/")],
    "ExportPath": [("/volume1/backups", "/volume1/backups"), ("/volume1/", "/volume1"), ("/", "/")],
    "StoragePath": [("/mnt/nas", "/mnt/nas"), ("/mnt//nas/", "/mnt/nas"), ("/mnt/a.b@c_d-e", "/mnt/a.b@c_d-e")],
    "MountPoint": [
        ("/mnt/nas", "/mnt/nas"),
        ("/mnt/pve/nas/", "/mnt/pve/nas"),
        ("/srv/nas", "/srv/nas"),
        ("/nas", "/nas"),
    ],
    "Vmid": [(100, 100), ("100", 100), (100.0, 100), (999_999_999, 999_999_999)],
    "Vmids": [
        ([102, 100], frozenset({100, 102})),
        ("102,100", frozenset({100, 102})),
        ("102; 100  100", frozenset({100, 102})),
        ([100.0, "102"], frozenset({100, 102})),
        ("100", frozenset({100})),
    ],
    "Nodes": [("b,a", frozenset({"a", "b"})), (["a"], frozenset({"a"}))],
    "Lines": [(["b", "a"], ("b", "a")), ("a,b", ("a,b",)), ((), ())],
    "MountOptions": [
        (["defaults", "soft"], ("defaults", "soft")),
        ("defaults,soft,timeo=150", ("defaults", "soft", "timeo=150")),
        (["soft,timeo=150", "x-a=b"], ("soft", "timeo=150", "x-a=b")),
        ([" soft".strip(), ""], ("soft",)),
    ],
    "LanAddress": [
        ("10.0.0.150", "10.0.0.150"),
        ("192.168.1.2", "192.168.1.2"),
        ("172.31.255.1", "172.31.255.1"),
        ("fd12:3456::0:1", "fd12:3456::1"),
    ],
    "Schedule": [
        ("03:00", "03:00"),
        ("sunday 4:00", "sun 04:00"),
        ("Sun 04:00", "sun 04:00"),
        ("mon,tue,wed 22:30", "mon..wed 22:30"),
        ("daily", "00:00"),
        ("*-02-30", "*-02-30 00:00"),  # Proxmox VE takes it; people are asked for one that runs
    ],
    "DeclaredSchedule": [("03:00", "03:00"), ("*-02-29 3:00", "*-02-29 3:00"), ("24:00", "24:00")],
}

BAD: Bad = {
    "Text": [("a\nb", "has a control character at position 1"), (5, "must be text"), (["a"], "must be text")],
    "Flag": [("maybe", "must be true or false"), (2, "must be true or false"), ([], "must be true or false")],
    "Whole": [
        (1.5, "must be a whole number"),
        ("1.5", "must be a whole number"),
        ("", "must be a whole number"),
        (True, "must be a whole number"),
        ([1], "must be a whole number"),
    ],
    "StorageId": [("a", "'a' is not a storage name"), ("1a", "is not a storage name"), ("a-", "is not a storage name")],
    "JobId": [
        ("p0 daily", "'p0 daily' is not a job name"),
        ("0p", "is not a job name"),
        ("a" * 51, "may only be 50 characters"),
    ],
    "NodeName": [("a.b", "'a.b' is not a node name"), ("-a", "is not a node name")],
    "PoolId": [("a b", "is not a pool name"), ("/a", "is not a pool name")],
    "AbsolutePath": [("var/tmp", "'var/tmp' is not an absolute path"), ("", "is not an absolute path")],
    "ExportPath": [("volume1", "'volume1' is not an absolute path")],
    "StoragePath": [
        ("mnt/nas", "'mnt/nas' is not an absolute path"),
        ("/mnt/../etc", "is not an absolute path"),
        ("/mnt/a b", "is not an absolute path"),
        ("/", "is not an absolute path"),
        ("", "is not an absolute path"),
    ],
    "MountPoint": [
        ("mnt/nas", "'mnt/nas' is not an absolute path"),
        ("/mnt", "'/mnt' is a directory of the system"),
        ("/mnt/", "is a directory of the system"),
        ("/etc/pve", "is a directory of the system"),
        ("/usr/local/nas", "is a directory of the system"),
        ("/var/lib", "is a directory of the system"),
    ],
    "Vmid": [
        (99, "99 is not a VMID (a whole number from 100 to 999999999)"),
        (1_000_000_000, "is not a VMID"),
        ("abc", "'abc' is not a VMID"),
        (100.5, "100.5 is not a VMID"),
        (True, "must be a whole number"),
        (None, "None is not a VMID"),
    ],
    "Vmids": [
        ([100, 1], "1 is not a VMID"),
        ("100,x", "'x' is not a VMID"),
        (100, "must be a list"),
        ({"a": 1}, "must be a list"),
        ([[100]], "must be a list of single values"),
    ],
    "Nodes": [("a b.c", "'b.c' is not a node name")],
    "Lines": [(5, "must be a list"), ([5], "must be text")],
    "MountOptions": [
        (["a b"], "'a b' is not a mount option"),
        ("soft, timeo=1", "' timeo=1' is not a mount option"),
        ([5], "must be text"),
        (5, "must be a list"),
    ],
    "LanAddress": [
        ("100.64.0.1", "100.64.0.1 is a Tailscale address"),
        ("100.127.255.254", "is a Tailscale address"),
        ("fd7a:115c:a1e0::1", "is a Tailscale address"),
        ("nas.local", "'nas.local' is not an address"),
        ("10.0.0.150/24", "is not an address"),
        ("8.8.8.8", "8.8.8.8 is not a LAN address"),
        ("127.0.0.1", "is not a LAN address"),
        ("0.0.0.0", "is not a LAN address"),
        ("169.254.1.1", "is not a LAN address"),
        ("203.0.113.1", "is not a LAN address"),
        ("fe80::1", "is not a LAN address"),
        ("::ffff:100.64.0.1", "is not a LAN address"),
        ("", "is not an address"),
    ],
    "Schedule": [
        ("sometimes", "'sometimes' is not a schedule of Proxmox VE"),
        ("", "is not a schedule"),
        ("03:60", "is not a schedule"),
        ("half-yearly", "is not a schedule"),
        ("03:00\n", "has a control character"),
        (3, "must be text"),
    ],
    "DeclaredSchedule": [("*-02-30", "never runs: there is no such day"), ("26-01-01", "never runs")],
}

LISTS = {"Vmids", "Nodes"}
"""Lists whose elements a line feed separates, so that it gets into none of them."""

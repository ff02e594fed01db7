from homebackup.engine.program import VzdumpJob
VzdumpJob('j', job='j1', schedule='03:00', vmid=[100], mailnotification='failure')

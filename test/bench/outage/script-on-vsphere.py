#!/usr/bin/python3
"""A snapshot with the database stopped, as a careful person writes it with VMware's own pyvmomi: logged in, VM found and connection to the
guest open (ControlMaster) before; the task's end is told by WaitForUpdatesEx, not asked for. It proves nothing.

  script-on-vsphere.py HOST PORT CA USER VM NAME SSH-WORD…     password on standard input
  ELEVATE: what the login in the guest puts before systemctl; nothing for root
"""
import os
import ssl
import subprocess
import sys
import tempfile

from pyVim.connect import Connect, Disconnect
from pyVmomi import vim, vmodl

host, port, authority, user, wanted, name, *words = sys.argv[1:]
password = sys.stdin.readline().rstrip("\n")
service = Connect(host=host, port=int(port), user=user, pwd=password, version="vim.version.version12",
                  sslContext=ssl.create_default_context(cafile=authority))
content = service.RetrieveContent()
vm = content.searchIndex.FindByUuid(None, wanted, True, True)
collector = content.propertyCollector

folder = tempfile.mkdtemp(prefix="script-on-vsphere-")
control = os.path.join(folder, "ssh")
quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
subprocess.run(["ssh", "-o", "ControlPath=" + control, "-o", "ControlMaster=yes", "-fN"] + words, check=True, **quiet)
elevate = os.environ.get("ELEVATE", "").split()


def in_guest(*command):
    subprocess.run(["ssh", "-o", "ControlPath=" + control] + words + elevate + list(command), check=True,
                   stdin=subprocess.DEVNULL)


def wait_for(task):
    spec = vmodl.query.PropertyCollector.FilterSpec(
        objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=task)],
        propSet=[vmodl.query.PropertyCollector.PropertySpec(type=vim.Task, pathSet=["info.state"])])
    told = collector.CreateFilter(spec, True)
    version = ""
    while True:
        update = collector.WaitForUpdatesEx(version, vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=20))
        if update is None:
            continue
        version = update.version
        states = [change.val for each in update.filterSet for seen in each.objectSet for change in seen.changeSet]
        if "error" in states:
            raise task.info.error
        if "success" in states:
            return told


try:
    in_guest("systemctl", "stop", "mariadb")
    told = wait_for(vm.CreateSnapshot_Task(name=name, description="", memory=False, quiesce=False))
    in_guest("systemctl", "start", "mariadb")
    told.Destroy()
finally:
    subprocess.run(["ssh", "-o", "ControlPath=" + control, "-O", "exit"] + words, **quiet)
    Disconnect(service)

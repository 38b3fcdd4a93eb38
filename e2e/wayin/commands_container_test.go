//go:build container

package wayin

import (
	"strings"
	"testing"
)

// commandsStory types every command that the other stories do not, right and wrong, as
// root and as somebody else.
func (s *story) commandsStory(t *testing.T) {
	for _, read := range []string{
		nobody + "resinctl status", nobody + "resinctl doctor", nobody + "resinctl hostname", nobody + "resinctl network", nobody + "resinctl logs",
		nobody + "resinctl splash", nobody + "resinctl update status", nobody + "resinctl update history", nobody + "resinctl config schema",
		"resinctl config get", "resinctl config check",
	} {
		s.exit(t, read+" --json | jq -es 'length == 1' >/dev/null", "0") // one value and nothing else
	}
	for _, c := range []struct{ command, status, says string }{
		{"network", "0", "name servers"},
		{"network down", "2", "unknown command"},
		{"logs persistent on", "0", "on the data partition"},
		{"logs persistent maybe", "2", "invalid argument"},
		{"logs flush", "0", "on disk"},
		{"logs vacuum 1M", "0", "freed"},
		{"logs vacuum lots", "2", "no size"},
		{"logs persistent off", "0", "in memory"},
		{"splash set /etc/os-release", "1", "("},
		{"splash set /nowhere", "1", "no such file"},
		{"splash reset", "0", "built-in"},
		{"purge state", "2", "--yes"},
		{"purge state --yes", "0", "At the next boot"},
		{"status", "3", "state at the next boot"}, // 3: a container has no boot loader, and the updater says so
		{"purge --cancel", "0", "Nothing will be purged"},
		{"update install /nowhere", "1", "("},
		{"update cancel", "1", "no install runs"},
		{"status --bus unix:path=/nowhere", "4", ""},
		{"doctor --bus unix:path=/nowhere", "4", "systemctl status dbus"},
		{"--version", "0", "resinctl"},
		{"--help", "0", "Exit status"},
		{"help purge", "0", "--cancel"},
	} {
		if said := s.exit(t, "resinctl "+c.command, c.status); !strings.Contains(said, c.says) {
			t.Errorf("resinctl %s says %q, want %q", c.command, said, c.says)
		}
	}
	s.c.MustRun(t, `printf '[connection]\nid=x\n' >/mnt/boot/system-connections/bad`)
	s.awaitText(t, `resinctl network | grep -c 'bad .* invalid: \[connection\] has no type' || true`, "1")
	s.c.MustRun(t, "rm /mnt/boot/system-connections/bad")
	for _, change := range []string{
		"hostname bath", "hostname --reset", "config set country DE", "config unset country", "logs persistent on", "logs vacuum 1M", "logs flush",
		"splash set /usr/lib/os-release", "splash reset", "purge all --yes", "purge --cancel", "update install /nowhere", "update rollback --yes",
		"update reboot", "update mark-good",
	} {
		s.exit(t, nobody+"resinctl "+change, "5")
	}
}

// doctorStory makes services ill, each in another way.
func (s *story) doctorStory(t *testing.T) {
	const splash = "splash-setter"
	override := func(text string) string {
		return "systemctl stop " + splash + "; mkdir -p /run/systemd/system/" + splash + ".service.d; printf '[Service]\\nRestart=no\\n" + text +
			"' > /run/systemd/system/" + splash + ".service.d/ill.conf; systemctl daemon-reload; systemctl start " + splash + " || true"
	}
	for _, c := range []struct{ name, ill, well, says string }{
		{"fails", override(`ExecStart=\nExecStart=/bin/false\n`), "", "It failed: exit-code"},
		{"has no name", override(`ExecStart=\nExecStart=/bin/sleep 600\nType=simple\nBusName=\n`), "", "does not own the name"},
		{"has a name that another has", "systemctl stop " + splash + "; setsid /usr/libexec/resinos/" + splash + " </dev/null >/dev/null 2>&1 & echo $! >/run/other", "kill $(cat /run/other)", "which is not that of"},
		{"is disabled", "systemctl stop " + splash + "; systemctl mask --runtime " + splash, "systemctl unmask --runtime " + splash, "It is masked"},
		{"has a bad key", "resinctl config set os.logging.runtimeMaxUse 16M >/dev/null; jq '.persistentLogging=7' /mnt/boot/config.json >/run/bad.json; cp /run/bad.json /mnt/boot/config.json", "", "/persistentLogging"},
	} {
		s.c.MustRun(t, c.ill)
		s.awaitText(t, "resinctl doctor | grep -c '"+c.says+"' || true", "1")
		s.c.MustRun(t, c.well+"\nrm -rf /run/systemd/system/"+splash+".service.d; systemctl daemon-reload; systemctl reset-failed "+splash+" 2>/dev/null; systemctl restart "+splash+"; resinctl config unset persistentLogging; resinctl config unset os.logging")
		s.awaitText(t, "resinctl doctor "+splash, splash+"     It works.")
	}
	s.awaitText(t, "resinctl doctor | grep -v updater | grep -c 'It works.'", "5") // a container has no boot loader to update
}

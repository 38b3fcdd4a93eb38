package journald

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/layout"
)

// fake is a journald that answers on its socket, below a root of its own.
type fake struct {
	root     layout.Root
	journal  *Journal
	received chan string
}

// answering returns a journald that gives reply to each request.
func answering(t *testing.T, reply string) *fake {
	t.Helper()
	f := &fake{root: layout.Root(t.TempDir()), received: make(chan string, 10)}
	for _, dir := range []string{"/run/systemd/journal", "/run/log/journal"} {
		if err := os.MkdirAll(f.root.Path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f.journal = New(f.root)
	listener, err := net.Listen("unix", f.journal.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request, _ := bufio.NewReader(conn).ReadString(0)
			f.received <- request
			_, _ = conn.Write([]byte(reply))
			conn.Close()
		}
	}()
	return f
}

// inRAM makes the file that journald has open while it writes to RAM.
func (f *fake) inRAM(t *testing.T, there bool) {
	t.Helper()
	dir := f.root.Path("/run/log/journal/0123456789abcdef0123456789abcdef")
	err := os.RemoveAll(dir)
	if there {
		err = errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "system.journal"), nil, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fake) setFlag(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(f.journal.flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRequests(t *testing.T) {
	f := answering(t, "{}\x00")
	for name, call := range map[string]func(context.Context) error{
		"FlushToVar": f.journal.Flush, "RelinquishVar": f.journal.Relinquish,
		"Synchronize": f.journal.Sync, "Rotate": f.journal.Rotate,
	} {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, want := <-f.received, `{"method":"io.systemd.Journal.`+name+`","parameters":{}}`+"\x00"; got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
}

func TestBadReplies(t *testing.T) {
	for _, reply := range []string{
		"", "{}", "\x00", "null and void\x00", `{"error":"io.systemd.System","parameters":{"errno":2}}` + "\x00", "[1]\x00",
	} {
		err := answering(t, reply).journal.Flush(t.Context())
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("reply %q: got %v, want ErrUnavailable", reply, err)
		}
	}
}

func TestSilence(t *testing.T) {
	root := layout.Root(t.TempDir())
	j := New(root)
	if err := os.MkdirAll(filepath.Dir(j.socket), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := j.Sync(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no socket: got %v", err)
	}
	listener, err := net.Listen("unix", j.socket) // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := j.Sync(ctx); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no answer: got %v", err)
	}
}

// TestRestart asks while journald is not there yet.
func TestRestart(t *testing.T) {
	f := answering(t, "{}\x00")
	there, away := f.journal.socket, f.journal.socket+".away"
	if err := os.Rename(there, away); err != nil {
		t.Fatal(err)
	}
	back := time.AfterFunc(150*time.Millisecond, func() { _ = os.Rename(away, there) })
	defer back.Stop()
	if err := f.journal.Sync(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestOnDisk(t *testing.T) {
	for _, test := range []struct{ flag, inRAM, want bool }{
		{false, true, false}, {true, false, true}, {true, true, false}, {false, false, false},
	} {
		f := answering(t, "{}\x00")
		f.inRAM(t, test.inRAM)
		if test.flag {
			f.setFlag(t)
		}
		if got := f.journal.OnDisk(); got != test.want {
			t.Errorf("flag %v, file in RAM %v: on disk is %v", test.flag, test.inRAM, got)
		}
	}
}

func TestRelinquishLeavesNoFlag(t *testing.T) {
	f := answering(t, "{}\x00") // as journald does when it is in RAM already
	f.setFlag(t)
	if err := f.journal.Relinquish(t.Context()); err != nil || f.journal.Flushed() {
		t.Errorf("got %v, the flag is there: %v", err, f.journal.Flushed())
	}
}

func TestWatch(t *testing.T) {
	f := answering(t, "{}\x00")
	changed := make(chan bool, 10)
	if err := f.journal.Watch(t.Context(), func() { changed <- true }); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(){
		"to RAM":  func() { f.inRAM(t, true) },
		"flushed": func() { f.setFlag(t) },
	} {
		change()
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: not seen", name)
		}
	}
}

func FuzzParseReply(f *testing.F) {
	for _, seed := range []string{"{}", `{"parameters":{}}`, `{"error":"x"}`, "[", "", `{"error":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		err := parseReply(message)
		if err != nil && !errors.Is(err, errReply) && !errors.Is(err, errRefused) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

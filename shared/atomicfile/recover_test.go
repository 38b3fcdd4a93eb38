package atomicfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestRecover(t *testing.T) {
	change := string(newJournal([]byte(oldText), []byte(newText)).encode())
	tests := []struct {
		name         string
		file, side   string // "" = not there
		tmp          string
		want         Outcome
		file2, extra string // afterwards, and the name of what is kept
		kept         string
	}{
		{name: "nothing", file: oldText, want: Nothing, file2: oldText},
		{name: "only a temporary file", file: oldText, tmp: "part", want: Nothing, file2: oldText},
		{name: "not begun", file: oldText, side: change, want: Committed, file2: newText},
		{name: "temporary file half written", file: oldText, side: change, tmp: newText[:5], want: Committed, file2: newText},
		{name: "done", file: newText, side: change, want: Completed, file2: newText},
		{name: "done, the temporary file shares its clusters", file: newText, side: change, tmp: newText, want: Committed, file2: newText},
		{name: "file missing", side: change, want: Committed, file2: newText},
		{name: "file empty", file: " ", side: change, want: Committed, file2: newText},
		{name: "file of zeros", file: "\x00\x00\x00", side: change, want: Committed, file2: newText},
		{name: "file torn", file: oldText[:9], side: change, want: Committed, file2: newText, extra: "config.json.damaged", kept: oldText[:9]},
		{name: "changed on a PC", file: otherText, side: change, want: Rejected, file2: otherText, extra: "config.json.rejected", kept: newText},
		{name: "side file torn", file: oldText, side: change[:len(change)-1], want: Discarded, file2: oldText},
		{name: "side file empty", file: oldText, side: "\n", want: Discarded, file2: oldText},
		{name: "side file torn, file torn", file: "{", side: change[:60], want: Discarded, file2: "{"},
		{
			name: "side file of an invalid content", file: oldText, want: Discarded, file2: oldText,
			side: string(newJournal([]byte(oldText), []byte("{")).encode()),
		},
		{
			name: "new file", want: Committed, file2: newText,
			side: string(newJournal(nil, []byte(newText)).encode()),
		},
		{
			name: "new file, made on a PC", file: otherText, want: Rejected, file2: otherText, extra: "config.json.rejected", kept: newText,
			side: string(newJournal(nil, []byte(newText)).encode()),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.json")
			at := target{disk{}, path}
			for name, text := range map[string]string{path: tt.file, at.side(): tt.side, at.tmp(): tt.tmp} {
				if text != "" {
					put(t, name, text)
				}
			}
			got, err := Recover(path, validJSON)
			if got != tt.want || err != nil {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
			if now := get(t, path); now != tt.file2 {
				t.Errorf("file %q, want %q", now, tt.file2)
			}
			if left := names(t, path); left != tt.extra {
				t.Errorf("beside it %q, want %q", left, tt.extra)
			}
			if tt.extra != "" && get(t, filepath.Join(filepath.Dir(path), tt.extra)) != tt.kept {
				t.Errorf("%s does not hold %q", tt.extra, tt.kept)
			}
			if again, err := Recover(path, validJSON); again != Nothing || err != nil {
				t.Errorf("again: %q, %v", again, err)
			}
		})
	}
}

func TestRecoverLeavesWhatItCannotJudge(t *testing.T) {
	change := string(newJournal([]byte(oldText), []byte(newText)).encode())
	t.Run("directory in place of the file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "config.json")
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, target{disk{}, path}.side(), change)
		if _, err := Recover(path, validJSON); err == nil {
			t.Error("no error")
		}
		if names(t, path) != "CONFIG.JNL" {
			t.Errorf("beside it %q", names(t, path))
		}
	})
	t.Run("file larger than any edit", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "config.json")
		put(t, path, string(make([]byte, MaxSize+1)))
		put(t, target{disk{}, path}.side(), change)
		if got, err := Recover(path, validJSON); got != Rejected || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != MaxSize+1 {
			t.Error("the file was touched")
		}
	})
	t.Run("no directory", func(t *testing.T) {
		if got, err := Recover(filepath.Join(t.TempDir(), "no", "config.json"), validJSON); got != Nothing || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestRecoverDamagedSideFile cuts the side file at every length and flips every
// byte of it: it is discarded, or it is the side file it was.
func TestRecoverDamagedSideFile(t *testing.T) {
	good := newJournal([]byte(oldText), []byte(newText)).encode()
	for n := range good {
		if _, err := decodeJournal(good[:n]); err == nil {
			t.Errorf("accepted after %d of %d bytes", n, len(good))
		}
		bad := bytes.Clone(good)
		bad[n] ^= 0x40
		if _, err := decodeJournal(bad); err == nil {
			t.Errorf("accepted with byte %d flipped", n)
		}
	}
	if _, err := decodeJournal(append(good, 0)); err == nil {
		t.Error("accepted with a byte more")
	}
}

// FuzzRecover takes any side file and any target: a valid file is replaced only
// by a valid one, and whatever could be read before can be read after.
func FuzzRecover(f *testing.F) {
	change := newJournal([]byte(oldText), []byte(newText)).encode()
	f.Add(change, []byte(oldText))
	f.Add(change, []byte(newText))
	f.Add(change, []byte(otherText))
	f.Add(change, []byte("{"))
	f.Add(change[:50], []byte(oldText))
	f.Add(newJournal(nil, []byte("{")).encode(), []byte(oldText))
	f.Add([]byte{}, []byte{})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, side, text []byte) {
		path := filepath.Join(dir, "config.json")
		at := target{&faulty{}, path}
		defer os.RemoveAll(at.rejected())
		defer os.RemoveAll(at.damaged())
		put(t, path, string(text))
		put(t, at.side(), string(side))
		if _, err := at.recover(validJSON); err != nil {
			t.Fatal(err)
		}
		now := []byte(get(t, path))
		if validJSON(text) == nil && validJSON(now) != nil {
			t.Errorf("%q was replaced by %q", text, now)
		}
		j, err := decodeJournal(side)
		known := bytes.Equal(now, text) || get(t, at.damaged()) == string(text) || len(bytes.Trim(text, "\x00 \t\r\n")) == 0
		if !known && !(err == nil && j.replaces(text)) {
			t.Errorf("%q is lost", text)
		}
		if err == nil && validJSON(j.data) == nil && !bytes.Equal(now, j.data) && get(t, at.rejected()) != string(j.data) &&
			len(bytes.Trim(j.data, "\x00 \t\r\n")) > 0 {
			t.Errorf("%q is lost", j.data)
		}
	})
}

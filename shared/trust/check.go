package trust

import (
	"fmt"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// checkTimestamp and checkSnapshot refuse what go-tuf would follow into a nil
// pointer. Whoever holds one of the online keys could sign it.
func checkTimestamp(data []byte) error {
	timestamp, err := metadata.Timestamp().FromBytes(data)
	if err != nil {
		return err
	}
	return checkMeta(timestamp.Signed.Meta, "snapshot.json")
}

func checkSnapshot(data []byte) error {
	snapshot, err := metadata.Snapshot().FromBytes(data)
	if err != nil {
		return err
	}
	return checkMeta(snapshot.Signed.Meta, "targets.json")
}

func checkMeta(files map[string]*metadata.MetaFiles, want string) error {
	for name, file := range files {
		if file == nil {
			return fmt.Errorf("it says nothing of %s", name)
		}
	}
	if files[want] == nil {
		return fmt.Errorf("it does not name %s", want)
	}
	return nil
}

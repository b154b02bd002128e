package demo

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder of an earlier demo, which knew fewer keys, keeps those that it has.
func TestKeysOfAnEarlierDemo(t *testing.T) {
	t.Parallel()
	made, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if _, found, err := readKeys(folder); found || err != nil {
		t.Fatalf("an empty folder: %t %v", found, err)
	}
	if err := made.write(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, keyFolder, "sim-encryption.pem")); err != nil {
		t.Fatal(err)
	}
	kept, found, err := readKeys(folder)
	if !found || err != nil {
		t.Fatalf("%t %v", found, err)
	}
	ours := made.files()
	for name, key := range kept.files() {
		if *key == nil || (*key).Equal(*ours[name]) == (name == "sim-encryption.pem") {
			t.Errorf("%s: missing, or not the one that was there", name)
		}
	}
}

package exact

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// mark begins UTF-8 files of many programs on Windows (the byte order mark). It is no part
// of the text: left there, it makes the first name of the file another one.
const mark = "\xef\xbb\xbf"

// ErrNotUTF8 says that a file is written as UTF-16, which the same programs call "Unicode".
var ErrNotUTF8 = errors.New("the file is UTF-16; save it as UTF-8")

// Text is a file of text without the mark with which it may begin. Errors: ErrNotUTF8.
func Text(file []byte) ([]byte, error) {
	if utf16(file) {
		return nil, ErrNotUTF8
	}
	return bytes.TrimPrefix(file, []byte(mark)), nil
}

// Reader is [Text] for what is read bit by bit. Errors: ErrNotUTF8, and those of reading.
func Reader(file io.Reader) (io.Reader, error) {
	in := bufio.NewReader(file)
	begin, err := in.Peek(len(mark))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the beginning: %w", err)
	}
	if utf16(begin) {
		return nil, ErrNotUTF8
	}
	if string(begin) == mark {
		if _, err := in.Discard(len(mark)); err != nil {
			return nil, fmt.Errorf("skip the mark: %w", err)
		}
	}
	return in, nil
}

// utf16 reports whether a file begins with a mark of UTF-16, or, without one, with a letter
// of ASCII that takes two bytes.
func utf16(begin []byte) bool {
	if len(begin) < 2 {
		return false
	}
	switch a, b := begin[0], begin[1]; {
	case a == 0xff && b == 0xfe, a == 0xfe && b == 0xff:
		return true
	default:
		return (a == 0) != (b == 0)
	}
}

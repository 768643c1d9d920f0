package cache

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// A value in Redis is framed: magic, generation, time of storing (Unix
// nanoseconds), length and checksum of the value, and the value. Numbers are
// big-endian. What does not fit is no value of ours.
const (
	magic     = "FQ1\n"
	frameSize = len(magic) + generationSize + 8 + 4 + 4
)

// sum is of all that comes before the checksum, and the value.
func sum(head, value []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once by the library
	return crc32.Update(crc32.Checksum(head, table), table, value)
}

func frame(e Entry) []byte {
	b := make([]byte, 0, frameSize+len(e.Value))
	b = append(b, magic...)
	b = append(b, e.generation...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Stored.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Value)))
	b = binary.BigEndian.AppendUint32(b, sum(b, e.Value))
	return append(b, e.Value...)
}

func unframe(raw string) (Entry, bool) {
	if len(raw) < frameSize || raw[:len(magic)] != magic {
		return Entry{}, false
	}
	head, value := []byte(raw[:frameSize]), []byte(raw[frameSize:])
	numbers := head[len(magic)+generationSize:]
	if binary.BigEndian.Uint32(numbers[8:]) != uint32(len(value)) ||
		binary.BigEndian.Uint32(numbers[12:]) != sum(head[:frameSize-4], value) {
		return Entry{}, false
	}
	return Entry{
		Value:      value,
		Stored:     time.Unix(0, int64(binary.BigEndian.Uint64(numbers))),
		generation: string(head[len(magic) : len(magic)+generationSize]),
	}, true
}

package speech

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
)

// errONNX is a model file that does not hold together.
var errONNX = errors.New("broken ONNX file")

const (
	// maxNesting is how deep graphs may stand in each other: the branches of one If are 1.
	maxNesting = 4
	// maxDims is one more than any weight of the model has.
	maxDims = 4
)

// Element types of a tensor, by onnx.proto.
const (
	typeFloat = 1
	typeUint8 = 2
	typeInt8  = 3
)

// graph is what the engine needs of an ONNX file: weights by name, and which of them a matrix product uses.
// The weights stay in the bytes of the file until someone asks for their numbers.
type graph struct {
	tensors map[string]tensor
	product map[string]string // path of the node → name of its weight
}

type tensor struct {
	name   string
	dims   []int
	kind   int
	raw    []byte
	floats []float32 // single values are written as numbers, not as bytes
}

func readONNX(b []byte) (*graph, error) {
	g := &graph{tensors: map[string]tensor{}, product: map[string]string{}}
	err := fields(b, func(number int, _ uint64, body []byte) error {
		if number == 7 {
			return g.read(body, 0)
		}
		return nil
	})
	return g, err
}

func (g *graph) read(b []byte, depth int) error {
	if depth > maxNesting {
		return errONNX
	}
	return fields(b, func(number int, _ uint64, body []byte) error {
		switch number {
		case 1:
			return g.node(body, depth)
		case 5:
			t, err := readTensor(body)
			g.tensors[t.name] = t
			return err
		}
		return nil
	})
}

func (g *graph) node(b []byte, depth int) error {
	var name, operator, weight string
	inputs := 0
	err := fields(b, func(number int, _ uint64, body []byte) error {
		switch number {
		case 1:
			if inputs++; inputs == 2 {
				weight = string(body)
			}
		case 3:
			name = string(body)
		case 4:
			operator = string(body)
		case 5:
			return fields(body, func(number int, _ uint64, body []byte) error {
				if number == 6 {
					return g.read(body, depth+1)
				}
				return nil
			})
		}
		return nil
	})
	if operator == "MatMulInteger" {
		path := strings.TrimSuffix(strings.TrimPrefix(name, "/"), "/MatMul_quant")
		g.product[path] = strings.TrimSuffix(weight, "_quantized")
	}
	return err
}

func readTensor(b []byte) (tensor, error) {
	var t tensor
	err := fields(b, func(number int, value uint64, body []byte) error {
		switch number {
		case 1:
			return numbers(value, body, func(v uint64) error {
				if len(t.dims) == maxDims || v > math.MaxInt32 {
					return errONNX
				}
				t.dims = append(t.dims, int(v))
				return nil
			})
		case 2:
			t.kind = int(value)
		case 4:
			for ; len(body) >= 4; body = body[4:] {
				t.floats = append(t.floats, math.Float32frombits(binary.LittleEndian.Uint32(body)))
			}
		case 5:
			return numbers(value, body, func(v uint64) error {
				t.floats = append(t.floats, float32(int32(v)))
				return nil
			})
		case 8:
			t.name = string(body)
		case 9:
			t.raw = body
		}
		return nil
	})
	return t, err
}

// values gives the numbers of a tensor, nil for a type that no weight has.
func (t tensor) values() []float32 {
	if t.floats != nil {
		return t.floats
	}
	switch t.kind {
	case typeFloat:
		v := make([]float32, len(t.raw)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
		}
		return v
	case typeUint8, typeInt8:
		v := make([]float32, len(t.raw))
		for i, b := range t.raw {
			v[i] = float32(b)
			if t.kind == typeInt8 {
				v[i] = float32(int8(b))
			}
		}
		return v
	}
	return nil
}

// fields walks over a protobuf message. A field has a value, or a body that shares the bytes of the message.
func fields(b []byte, visit func(number int, value uint64, body []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 > math.MaxInt32 {
			return errONNX
		}
		value, body, rest, err := field(int(key&7), b[n:])
		if err != nil {
			return err
		}
		if err := visit(int(key>>3), value, body); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

func field(wire int, b []byte) (value uint64, body, rest []byte, err error) {
	switch {
	case wire == 0 || wire == 2:
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, nil, nil, errONNX
		}
		if b = b[n:]; wire == 0 {
			return v, nil, b, nil
		}
		if v > uint64(len(b)) {
			return 0, nil, nil, errONNX
		}
		return 0, b[:v:v], b[v:], nil
	case wire == 5 && len(b) >= 4:
		return 0, b[:4:4], b[4:], nil
	case wire == 1 && len(b) >= 8:
		return 0, b[:8:8], b[8:], nil
	}
	return 0, nil, nil, errONNX
}

// numbers are written one by one or packed into one body.
func numbers(value uint64, body []byte, visit func(uint64) error) error {
	if body == nil {
		return visit(value)
	}
	for len(body) > 0 {
		v, n := binary.Uvarint(body)
		if n <= 0 {
			return errONNX
		}
		if err := visit(v); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

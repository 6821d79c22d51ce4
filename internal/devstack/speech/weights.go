package speech

import (
	"errors"
	"fmt"
)

// model is the network with its weights as plain numbers, which nobody changes after loading.
type model struct {
	dim       int
	frequency []float32 // of the rotary positions
	sound     [3]linear // the convolutions
	gain      []float32 // of the normalization after the first convolution
	shift     []float32
	encoder   []layer
	decoder   []layer
	encoded   []float32 // the last norm of each half
	decoded   []float32
	words     linear // both the embedding and, transposed, the way back to pieces
}

// layer is one block. Only those of the decoder look across to the encoder and have a third norm.
type layer struct {
	norm        [3][]float32
	self, cross attention
	up, down    linear
}

type attention struct{ query, key, value, out linear }

// maxLayers is what the model has; more would let a small file take much memory.
const maxLayers = 6

// weights reads from a graph and remembers what was missing first, so that the list of all weights can be
// written without a check a line.
type weights struct {
	graph *graph
	err   error
}

func newModel(encoder, decoder *graph) (*model, error) {
	e, d := &weights{graph: encoder}, &weights{graph: decoder}
	m := &model{
		frequency: e.vector("/rotary_emb/Cast_1_output_0"),
		sound:     [3]linear{e.convolution("conv1", 64), e.convolution("conv2", 3), e.convolution("conv3", 2)},
		gain:      e.vector("onnx::Mul_1488"),
		shift:     e.vector("onnx::Add_1489"),
		encoded:   e.vector("layer_norm.weight"),
		decoded:   d.vector("model.decoder.norm.weight_merged_0"),
		words:     d.embedding("model.decoder.embed_tokens.weight_merged_0"),
	}
	for i := 0; i < maxLayers && e.has(fmt.Sprintf("layers.%d/self_attn/q_proj", i)); i++ {
		m.encoder = append(m.encoder, e.encoderLayer(fmt.Sprintf("layers.%d", i)))
	}
	for i := 0; i < maxLayers && d.has(fmt.Sprintf("model/decoder/layers.%d/self_attn/q_proj", i)); i++ {
		m.decoder = append(m.decoder, d.decoderLayer(fmt.Sprintf("model/decoder/layers.%d", i), fmt.Sprintf("model.decoder.layers.%d", i)))
	}
	m.dim = m.words.in
	return m, errors.Join(e.err, d.err)
}

func (w *weights) encoderLayer(path string) layer {
	return layer{
		norm: [3][]float32{w.vector(path + ".input_layernorm.weight"), w.vector(path + ".post_attention_layernorm.weight")},
		self: w.attention(path + "/self_attn"),
		up:   w.linear(path+"/mlp/fc1", path+".mlp.fc1.bias"),
		down: w.linear(path+"/mlp/fc2", path+".mlp.fc2.bias"),
	}
}

func (w *weights) decoderLayer(path, name string) layer {
	return layer{
		norm: [3][]float32{
			w.vector(name + ".input_layernorm.weight_merged_0"),
			w.vector(name + ".post_attention_layernorm.weight_merged_0"),
			w.vector(name + ".final_layernorm.weight_merged_0"),
		},
		self:  w.attention(path + "/self_attn"),
		cross: w.attention(path + "/encoder_attn"),
		up:    w.linear(path+"/mlp/up_proj", name+".mlp.up_proj.bias_merged_0"),
		down:  w.linear(path+"/mlp/down_proj", name+".mlp.down_proj.bias_merged_0"),
	}
}

func (w *weights) attention(path string) attention {
	return attention{
		query: w.linear(path+"/q_proj", ""), key: w.linear(path+"/k_proj", ""),
		value: w.linear(path+"/v_proj", ""), out: w.linear(path+"/dense", ""),
	}
}

func (w *weights) has(path string) bool { return w.graph.product[path] != "" }

// shaped gives a tensor whose numbers are as many as its dimensions say.
func (w *weights) shaped(name string, dims int) ([]int, []float32) {
	t := w.graph.tensors[name]
	values, size := t.values(), 1
	for _, d := range t.dims {
		size *= min(d, len(values)+1) // no product of few dimensions can overflow then
	}
	if len(t.dims) != dims || len(values) != size || size == 0 {
		w.fail(name)
		return make([]int, dims), nil
	}
	return t.dims, values
}

func (w *weights) vector(name string) []float32 {
	values := w.graph.tensors[name].values()
	if len(values) == 0 {
		w.fail(name)
	}
	return values
}

// scalar gives 0 for what is missing; the caller's weights are then missing too.
func (w *weights) scalar(name string) float32 {
	if v := w.vector(name); len(v) > 0 {
		return v[0]
	}
	return 0
}

func (w *weights) fail(name string) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: weight %q", errONNX, name)
	}
}

// linear turns a weight around: the file has it by input, a dot product wants it by output.
func (w *weights) linear(path, bias string) linear {
	base := w.graph.product[path]
	dims, q := w.shaped(base+"_quantized", 2)
	scale, zero := w.scalar(base+"_scale"), w.scalar(base+"_zero_point")
	in, out := dims[0], dims[1]
	l := linear{in: in, out: out, step: in, weight: make([]float32, len(q))}
	for i, v := range q {
		l.weight[i%out*in+i/out] = (v - zero) * scale
	}
	if bias != "" {
		l.bias = w.vector(bias)
	}
	return l
}

// convolution is a linear step over windows that overlap. Its quantization differs from that of the matrix
// products: the zero point is added after the scale.
func (w *weights) convolution(name string, stride int) linear {
	dims, q := w.shaped(name+".weight_quantized", 3)
	scale, zero := w.scalar(name+".weight_scale"), w.scalar(name+".weight_zero_point")
	out, channels, width := dims[0], dims[1], dims[2]
	l := linear{in: channels * width, out: out, step: channels * stride, weight: make([]float32, len(q))}
	for i, v := range q {
		row, channel, at := i/(channels*width), i/width%channels, i%width
		l.weight[row*l.in+at*channels+channel] = v*scale + zero
	}
	if channels > 1 { // the first hears one channel and has none
		l.bias = w.vector(name + ".bias")
	}
	return l
}

func (w *weights) embedding(name string) linear {
	dims, q := w.shaped(name+"_quantized", 2)
	scale, zero := w.scalar(name+"_scale"), w.scalar(name+"_zero_point")
	l := linear{in: dims[1], out: dims[0], step: dims[1], weight: make([]float32, len(q))}
	for i, v := range q {
		l.weight[i] = (v - zero) * scale
	}
	return l
}

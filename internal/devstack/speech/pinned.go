package speech

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// pinned is a model in an npm package, to the byte.
type pinned struct {
	npm       string // the program
	spec      string // the package, as npm is asked for it
	tarball   string // what npm calls the packed file
	size      int
	integrity string      // sha512, as a lock file of npm has it
	files     []modelFile // the encoder, the decoder, the licence
}

// modelFile is a file of the model, which nothing but these bytes can be.
type modelFile struct {
	name   string
	from   string // in the tarball
	size   int
	sha256 string
}

// moonshine is the model that is used. Packing it takes 21 MB, installing it would take 549. The licence lies
// beside the weights, as it asks.
func moonshine() pinned {
	const folder = "package/dist/model/tiny/quantized/"
	return pinned{
		npm:  "npm",
		spec: "@moonshine-ai/moonshine-js@0.1.29", tarball: "moonshine-ai-moonshine-js-0.1.29.tgz", size: 21514347,
		integrity: "Gx1B3mJcbM68ihSy/LyJEuEkGq7sYMqTb04zNdcIeidU0URVlSmXP0GyiQOTTAqDZQXlIC7k+bky+FdXk0UPlg==",
		files: []modelFile{
			{"encoder_model.onnx", folder + "encoder_model.onnx", 7937661, "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a"},
			{"decoder_model_merged.onnx", folder + "decoder_model_merged.onnx", 20243286, "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367"},
			{"LICENSE", "package/LICENSE", 13358, "37fc5d9a86547a0dd64a07cff439ba2a6b79cc8f6555a05121fed32866591159"},
		},
	}
}

func (m modelFile) check(b []byte) error {
	sum := sha256.Sum256(b)
	if len(b) != m.size || hex.EncodeToString(sum[:]) != m.sha256 {
		return fmt.Errorf("%s is not the pinned file (%d bytes)", m.name, len(b))
	}
	return nil
}

func (m modelFile) read(dir string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, m.name))
	if err != nil {
		return nil, err
	}
	return b, m.check(b)
}

func (p pinned) installed(dir string) bool {
	for _, file := range p.files {
		if _, err := file.read(dir); err != nil {
			return false
		}
	}
	return true
}

// remedy is what a person can do where there is no npm or no network.
func (p pinned) remedy(dir string) string {
	return fmt.Sprintf("run \"npm pack %s\" where npm and the network are, put %s into %s, and start again", p.spec, p.tarball, dir)
}

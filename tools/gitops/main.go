// Command gitops-health tells how Argo CD and Flux judge objects, by their own code.
//
// It reads a JSON list of questions, and writes a JSON list of answers in the same order.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	luajson "layeh.com/gopher-json"
)

// Argo CD stops a script that takes longer.
const longestScript = time.Second

type question struct {
	Object *unstructured.Unstructured        `json:"object"`
	Lua    string                            `json:"lua"`
	CEL    *kustomize.HealthCheckExpressions `json:"cel"`
}

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type answer struct {
	Argo    *verdict `json:"argo"`
	Flux    *verdict `json:"flux"`
	Kstatus *verdict `json:"kstatus"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return err
	}
	answers := make([]answer, 0, len(questions))
	for _, each := range questions {
		found, err := ask(each)
		if err != nil {
			return fmt.Errorf("%s %s: %w", each.Object.GetKind(), each.Object.GetName(), err)
		}
		answers = append(answers, found)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func ask(asked question) (answer, error) {
	var found answer
	computed, err := status.Compute(asked.Object)
	if err != nil {
		return found, err
	}
	found.Kstatus = &verdict{computed.Status.String(), computed.Message}
	if asked.CEL != nil {
		evaluator, err := cel.NewStatusEvaluator(asked.CEL)
		if err != nil {
			return found, err
		}
		evaluated, err := evaluator.Evaluate(context.Background(), asked.Object)
		if err != nil {
			return found, err
		}
		found.Flux = &verdict{evaluated.Status.String(), evaluated.Message}
	}
	if asked.Lua != "" {
		if found.Argo, err = runLua(asked.Lua, asked.Object); err != nil {
			return found, err
		}
	}
	return found, nil
}

// runLua runs a script as Argo CD does: with the base and table libraries, and `obj`.
func runLua(script string, object *unstructured.Unstructured) (*verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		opening := lua.P{Fn: state.NewFunction(open), Protect: true}
		if err := state.CallByParam(opening, lua.LString(name)); err != nil {
			return nil, err
		}
	}
	limited, cancel := context.WithTimeout(context.Background(), longestScript)
	defer cancel()
	state.SetContext(limited)
	// Numbers are float64 there, as in the JSON that Argo CD decodes.
	text, err := object.MarshalJSON()
	if err != nil {
		return nil, err
	}
	value, err := luajson.Decode(state, text)
	if err != nil {
		return nil, err
	}
	state.SetGlobal("obj", value)
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	returned, err := luajson.Encode(state.Get(-1))
	if err != nil {
		return nil, err
	}
	var found verdict
	return &found, json.Unmarshal(returned, &found)
}

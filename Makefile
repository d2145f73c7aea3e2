# Verbs only: each is a script or one call of the binary, `cortado <verb>`.

CORTADO = cargo run --release -q -p cortado --

.PHONY: help verilog test cosim lint gates formal synth bitstream flash bench report tools needs-preset

help:
	@echo 'make verilog            write build/rtl/<preset>.v for every preset; needs Rust only'
	@echo 'make test               get missing tools, then check format, lints and run all tests'
	@echo 'make tools              install the missing tools (Verilator, Yosys, nextpnr)'
	@echo 'make lint               check the Verilog of every preset with Verilator'
	@echo 'make cosim              compare the Verilog with the golden model, bit for bit'
	@echo 'make gates              compare the netlist of every preset with its Verilog, cycle by cycle (an hour or more)'
	@echo 'make formal             prove queues, arbiter, transfers and dispatch for every input'
	@echo 'make synth PRESET=p     size and clock of a preset after place and route'
	@echo 'make bitstream PRESET=p what configures the board of a preset, with its pins and clock'
	@echo 'make flash PRESET=p     the same, and onto the board'
	@echo 'make bench              measure every figure, and compare 2,000 random layers'
	@echo 'make report             an HTML page of the figures'

verilog:
	$(CORTADO) verilog --all -o build/rtl

test:
	./scripts/test.sh

tools:
	./scripts/tools.sh

lint: tools
	$(CORTADO) lint

cosim: tools
	$(CORTADO) cosim --all

gates: tools
	$(CORTADO) gates --all

formal: tools
	cargo test -p cortado-tests --test formal

synth: needs-preset tools
	$(CORTADO) synth --preset $(PRESET)

bitstream: needs-preset tools
	$(CORTADO) bitstream --preset $(PRESET)

flash: needs-preset tools
	$(CORTADO) flash --preset $(PRESET)

bench: tools
	$(CORTADO) bench
	CORTADO_SWEEP=all cargo test -p cortado-tests --test sweep

report: tools
	$(CORTADO) report

needs-preset:
	@test -n '$(PRESET)' || { echo 'which preset? as in: make synth PRESET=ulx3s-25f-8x2 (cortado presets lists them)' >&2; exit 2; }

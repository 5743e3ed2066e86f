PYTHON ?= python3
BIN := .venv/bin
# the commands that tests start share compiled modules, also where Python is told to write none
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q --numprocesses auto --dist loadfile
TRAINERS := piper coqui f5-tts matcha nemo
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow test-trainers fuzz docs bench proof clean

demo: .venv/ready            ## a spoken corpus with planted defects, its audit, and what is built from it
	rm -rf demo
	$(BIN)/python -m ttsprep.audit.defects.demo demo/corpus
	$(BIN)/ttsprep audit demo/corpus --out demo/corpus.audit --fail-on never
	$(BIN)/ttsprep build --source demo/corpus --out demo/dataset

test: .venv/ready-to-test    ## style, types, and every test but the slow ones
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy & types=$$!; $(PYTEST) -m "not slow and not trainers"; tests=$$?; wait $$types && exit $$tests

test-slow: .venv/ready-to-test    ## the tests that take long: kills, whole trainings, browsers
	$(PYTEST) -m "slow and not trainers"

test-trainers: .venv/ready-to-test $(TRAINERS:%=.venvs/%/ready)    ## trainers themselves, each in its environment
	$(BIN)/pytest -q -m trainers tests/trainers

# torch is that of .venv, whatever its build; what is compiled in torchaudio would need another, so soundfile reads there;
# a line "# clone ADDRESS COMMIT FOLDERS" of a list names a trainer that is no package
.venvs/%/ready: tests/trainers/%.txt tests/trainers/torchaudio_load.py .venv/ready-to-test
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(BIN)/python -c 'import torch; print(torch.__path__[0].removesuffix("torch"))' >.venvs/torch.pth
	cp .venvs/torch.pth $(@D)/lib/python3.*/site-packages/
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	for folder in $(@D)/lib/python3.*/site-packages/torchaudio; do \
	  if [ -d "$$folder" ]; then rm -rf "$$folder"/lib/*; cat tests/trainers/torchaudio_load.py >>"$$folder"/__init__.py; fi; \
	done
	sed -n 's/^# clone //p' $< | while read -r address commit folders; do \
	  clone=$(@D)/$${address##*/}; \
	  git clone --quiet --filter=blob:none --no-checkout "$$address" "$$clone" && \
	  { [ -z "$$folders" ] || git -C "$$clone" sparse-checkout set --no-cone $$folders; } && \
	  git -C "$$clone" checkout --quiet "$$commit" || exit 1; \
	  if [ -e "$$clone/setup.py" ]; then \
	    $(@D)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable "$$clone" || exit 1; fi; \
	done
	touch $@

fuzz: .venv/ready-to-test    ## every reader, fed with damaged files for ten minutes; FUZZ_SEED goes on from a number
	FUZZ_SECONDS=$${FUZZ_SECONDS:-600} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)000} OMP_NUM_THREADS=1 $(BIN)/pytest -q tests/fuzz

docs: .venv/ready            ## the pages that are generated from the checks
	$(BIN)/python docs/generate.py docs

bench: .venv/ready           ## how fast an audit is, and where the time goes
	$(BIN)/python benchmarks/audit_speed.py

proof: .venv/ready-to-test   ## what curation is worth to a voice trained on it: CORPUS, and WHISPER's tiny.en; goes on where it was stopped
	$(PIP) --editable '.[dev,asr,mos]'
	$(BIN)/python -m benchmarks.curation_pays $(CORPUS) --whisper $(WHISPER)

clean:
	rm -rf .venv .venvs demo build/lib build/bdist.* *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/ready-to-test: .venv/ready
	$(PIP) --editable '.[dev]'
	touch $@

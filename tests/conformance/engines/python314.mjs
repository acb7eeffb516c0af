// Runs pytest on CPython 3.14: node python314.mjs REPOSITORY PACKAGES ARGUMENTS...
import { loadPyodide } from "pyodide";

const [repository, packages, ...options] = process.argv.slice(2);
const python = await loadPyodide();
for (const [folder, root] of Object.entries({ "/repository": repository, "/packages": packages })) {
  python.FS.mkdirTree(folder);
  python.FS.mount(python.FS.filesystems.NODEFS, { root }, folder);
}
python.globals.set("options", python.toPy(options));
process.exit(
  python.runPython(`
import os, sys
os.chdir("/repository")
os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
sys.dont_write_bytecode = True
sys.path[:0] = ["/repository", "/repository/layer", "/packages"]
import hypothesis, pytest
hypothesis.settings.register_profile("untimed", deadline=None)  # as in tests/conftest.py, which is not read here
hypothesis.settings.load_profile("untimed")
print("CPython", sys.version.split()[0], sys.platform)
int(pytest.main(["--config-file", "/dev/null", "--rootdir", ".", "--noconftest", "-p", "no:cacheprovider", "-q", *options]))
`),
);

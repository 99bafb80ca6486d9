# SPDX-License-Identifier: MIT
"""west wrt compile|inspect|size: the `wrt` program for modules, and what WRT takes of a firmware that was built."""

import os
import re
import subprocess
import sys
from pathlib import Path

from west.commands import WestCommand

ROOT = Path(__file__).resolve().parent.parent

# An input section of a linker map: name (perhaps on a line of its own), address, size, archive(object).
SECTION = re.compile(r"^ (\.\S+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")
FLASH = re.compile(r"^\.(text|rodata|ARM\.ex)")
DATA = re.compile(r"^\.data")
RAM = re.compile(r"^(\.bss|\.noinit|COMMON)")
ARCHIVES = ["libwrt.a", "libwrt_port.a", "libwrt_user.a", "libwrt_shell.a"]


class Wrt(WestCommand):
    def __init__(self):
        super().__init__("wrt", "WebAssembly modules, and what WRT takes of a firmware", __doc__, accepts_unknown_args=True)

    def do_add_parser(self, parser_adder):
        parser = parser_adder.add_parser(self.name, help=self.help, description=self.description)
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("compile", help="translate a module into an image", add_help=False)
        what.add_parser("inspect", help="imports, exports, RAM of a module", add_help=False)
        size = what.add_parser("size", help="flash and RAM of WRT in a build")
        size.add_argument("-d", "--build-dir", type=Path, default=Path("build"), help="folder of `west build`")
        return parser

    def do_run(self, args, unknown):
        if args.what != "size":
            sys.exit(subprocess.run([self.tool(), args.what, *unknown]).returncode)
        if unknown:
            self.die(f"west wrt size does not know {' '.join(unknown)}")
        self.size(args.build_dir)

    def tool(self):
        """The program in WRT_TOOL, or this checkout's, built by cargo."""
        tool = os.environ.get("WRT_TOOL")
        if tool:
            return tool
        cargo = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "wrt-cli", "--manifest-path", ROOT / "Cargo.toml"]
        if subprocess.run(cargo).returncode != 0:
            self.die("the wrt program cannot be built; set WRT_TOOL to it")
        return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "wrt"

    def size(self, build):
        file = build / "zephyr" / "zephyr.map"
        if not file.is_file():
            self.die(f"no {file}: give the build's folder with -d")
        sizes = {archive: [0, 0] for archive in ARCHIVES}
        for name, address, size, place in sections(file.read_text(errors="replace")):
            archive = next((a for a in ARCHIVES if re.search(rf"(^|/){re.escape(a)}\(", place)), None)
            if archive is None or address == 0:  # address 0: the linker dropped it
                continue
            if FLASH.match(name) or DATA.match(name):
                sizes[archive][0] += size
            if RAM.match(name) or DATA.match(name):
                sizes[archive][1] += size
        if sizes["libwrt.a"][0] == 0:
            self.die(f"nothing of WRT is in {file}")
        print(f"{'':16}{'flash':>10}{'RAM':>10}")
        for archive in [a for a in ARCHIVES if any(sizes[a])]:
            print(f"{archive:16}{sizes[archive][0]:>10}{sizes[archive][1]:>10}")
        print(f"{'WRT':16}{sum(s[0] for s in sizes.values()):>10}{sum(s[1] for s in sizes.values()):>10}")


def sections(text):
    """Name, address, size and place of each input section in a map of GNU ld."""
    text = text[text.find("Linker script and memory map"):]
    pending = None
    for line in text.splitlines():
        if re.match(r"^ (\.\S+|COMMON)$", line):
            pending = line
            continue
        match = SECTION.match(f"{pending} {line.strip()}" if pending else line)
        pending = None
        if match:
            yield match[1], int(match[2], 16), int(match[3], 16), match[4]

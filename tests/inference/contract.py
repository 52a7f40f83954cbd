"""Does code use a library as the library's own bindings say? Run by the Python that the bindings were built for.

``python contract.py BINDINGS SOURCE...`` imports the bindings, walks the sources, follows the types of what they call
by the signatures that pybind11 wrote into the docstrings, and prints as JSON what was looked up and what is wrong.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

ALIAS = "trt"


class Thing(NamedTuple):
    """What an expression is: an object of the library itself, or an instance of one of its classes."""

    value: Any
    instance: bool


class Parameter(NamedTuple):
    name: str
    kind: str
    optional: bool


class Signature(NamedTuple):
    parameters: List[Parameter]
    result: str


def split_outside(text: str, mark: str = ",") -> List[str]:
    """Split at a mark that stands in no brackets."""
    parts, depth, last = [], 0, 0
    for place, letter in enumerate(text):
        depth += letter in "[(<{"
        depth -= letter in "])>}" and text[place - 1] != "-"
        if letter == mark and depth == 0:
            parts.append(text[last:place])
            last = place + 1
    return [part.strip() for part in [*parts, text[last:]] if part.strip()]


def signatures(function: Any) -> List[Signature]:
    """Read the signatures of a bound function off its docstring."""
    name = function.__name__
    found = []
    for arguments, result in re.findall(rf"(?m)^(?:\d+\. )?{name}\((.*)\)(?: -> (.*))?$", function.__doc__ or ""):
        if arguments == "*args, **kwargs":
            continue
        parameters = []
        for item in split_outside(arguments):
            left, _, default = item.partition(" = ")
            label, _, kind = left.partition(": ")
            parameters.append(Parameter(label, kind, bool(default)))
        found.append(Signature(parameters, result or "None"))
    return found


class Contract(ast.NodeVisitor):
    """Walks one module."""

    def __init__(self, library: Any, tree: ast.Module) -> None:
        self.library = library
        self.faults: List[str] = []
        self.used: Set[str] = set()
        self.absent: Set[str] = set()
        self.attributes: Dict[str, Thing] = {}
        self.own: Set[str] = set()
        self.names: Dict[str, Thing] = {ALIAS: Thing(library, False)}
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        self.switches = {
            node.args[1].value  # type: ignore[attr-defined]
            for node in calls
            if getattr(node.func, "id", "") == "hasattr" and isinstance(node.args[1], ast.Constant)
        }
        self.visit(tree)
        self.visit(tree)  # again, for attributes that are set further down

    def fault(self, node: ast.AST, text: str) -> None:
        found = f"line {getattr(node, 'lineno', 0)}: {text}"
        if found not in self.faults:
            self.faults.append(found)

    def known(self, kind: str) -> Optional[type]:
        """Return the library's class of that name."""
        found = getattr(self.library, kind.strip().split(".")[-1], None)
        return found if isinstance(found, type) else None

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for item in ast.walk(node):
            if isinstance(item, ast.Attribute) and getattr(item.value, "id", "") == "self":
                self.own.add(item.attr)  # of a class that derives from one of the library's
        for base in filter(None, map(self.thing, node.bases)):
            self.names[node.name] = base
            for method in (item for item in node.body if isinstance(item, ast.FunctionDef)):
                original = getattr(base.value, method.name, None)
                if method.name.startswith("_"):
                    continue
                if original is None:
                    self.fault(method, f"{base.value.__name__} calls no {method.name}")
                    continue
                wanted = [len(one.parameters) for one in signatures(original)]
                if wanted and len(method.args.args) not in wanted:
                    self.fault(method, f"{method.name} is called with {wanted} arguments")
                self.used.add(f"{base.value.__name__}.{method.name}")
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = dict(self.names)
        for argument in node.args.args:
            annotated = self.thing(argument.annotation) if argument.annotation else None
            if annotated and isinstance(annotated.value, type):
                self.names[argument.arg] = Thing(annotated.value, True)
            else:
                self.names.pop(argument.arg, None)
        self.generic_visit(node)
        self.names = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        found = self.thing(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.names.pop(target.id, None)
                if found:
                    self.names[target.id] = found
            elif isinstance(target, ast.Attribute):
                own = getattr(target.value, "id", "") == "self"
                if own and found:
                    self.attributes[target.attr] = found
                elif not own:
                    self.thing(target)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        found = self.thing(node.value) if node.value else None
        if found and isinstance(node.target, ast.Name):
            self.names[node.target.id] = found
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.thing(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.thing(node)
        self.generic_visit(node)

    def thing(self, node: Optional[ast.AST]) -> Optional[Thing]:
        """Say what an expression is, where it is the library's."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            return self.attribute(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        return None

    def attribute(self, node: ast.Attribute) -> Optional[Thing]:
        if getattr(node.value, "id", "") == "self" and node.attr in self.attributes:
            return self.attributes[node.attr]
        owner = self.thing(node.value)
        if owner is None:
            return None
        where = getattr(owner.value, "__name__", str(owner.value)).split(".")[-1]
        label = node.attr if owner.value is self.library else f"{where}.{node.attr}"
        if not hasattr(owner.value, node.attr):
            if node.attr in self.switches:
                self.absent.add(label)
            elif not (owner.instance and node.attr in self.own):
                self.fault(node, f"{where} has no {node.attr}")
            return None
        self.used.add(label)
        found = getattr(owner.value, node.attr)
        if owner.instance and isinstance(found, property):
            match = re.search(r"-> (.*)", getattr(found.fget, "__doc__", None) or "")
            kind = self.known(match[1]) if match else None
            return Thing(kind, True) if kind else None
        return Thing(found, False)

    def call(self, node: ast.Call) -> Optional[Thing]:
        function = self.thing(node.func)
        if function is None or not callable(function.value):
            return None
        if isinstance(function.value, type):
            self.fits(node, function.value.__init__, bound=True)
            return Thing(function.value, True)
        unbound = isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"
        result = self.fits(node, function.value, bound=not unbound)
        kind = self.known(result) if result else None
        return Thing(kind, True) if kind else None

    def fits(self, node: ast.Call, function: Any, bound: bool) -> str:
        """Check a call against the signatures; return what it gives."""
        choices = signatures(function)
        if not choices and inspect.isroutine(function) and not function.__doc__:
            self.fault(node, f"{function.__name__} tells no signature")
        for choice in choices:
            if self.matches(node, choice.parameters[1:] if bound else choice.parameters):
                return choice.result
        if choices:
            shown = " or ".join(", ".join(one.name for one in choice.parameters) for choice in choices)
            self.fault(node, f"{function.__name__} takes {shown}")
        return ""

    def matches(self, node: ast.Call, parameters: List[Parameter]) -> bool:
        if any(isinstance(item, ast.Starred) for item in node.args):
            return True
        if len(node.args) > len(parameters):
            return False
        given = dict(zip((one.name for one in parameters), node.args))
        for keyword in node.keywords:
            if keyword.arg not in {one.name for one in parameters} - set(given):
                return False
            given[str(keyword.arg)] = keyword.value
        for one in parameters:
            if one.name not in given:
                if not one.optional:
                    return False
                continue
            found, wanted = self.thing(given[one.name]), self.known(one.kind)
            if found and found.instance and wanted and not issubclass(found.value, wanted):
                return False
        return True


def examine(library: Any, source: str) -> Tuple[List[str], List[str], List[str]]:
    """Return faults, names used, and names that this version lacks and the code asks for first."""
    contract = Contract(library, ast.parse(source))
    return contract.faults, sorted(contract.used), sorted(contract.absent)


if __name__ == "__main__":
    bindings = importlib.import_module(sys.argv[1])
    examined = {path: examine(bindings, Path(path).read_text("utf-8")) for path in sys.argv[2:]}
    flags = sorted(bindings.BuilderFlag.__members__)
    print(json.dumps({"version": bindings.__version__, "examined": examined, "flags": flags}))

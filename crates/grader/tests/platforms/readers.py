"""Reads the reports of a graded class as the programs of schools do, and fails at the first that one of them would refuse.

The rules are those of Jenkins' and Surefire's JUnit schemas, of RFC 4180, and of the importers of Moodle and Canvas.
Usage: readers.py REPORTS EXPORTS
"""

import csv
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

REPORTS, EXPORTS = map(pathlib.Path, sys.argv[1:])
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def need(condition, problem):
    if not condition:
        raise SystemExit(problem)


def whole(path):
    """Returns the text of a file, which must be UTF-8 without control characters."""
    text = path.read_bytes().decode("utf-8")
    found = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u202e]", text)
    need(not found, f"{path.name}: the control character {found!r}")
    return text


def table(path, delimiter=","):
    """Returns the rows of a CSV file, all with the same number of cells."""
    rows = list(csv.reader(whole(path).lstrip("\ufeff").splitlines(keepends=True), delimiter=delimiter, strict=True))
    need(all(len(row) == len(rows[0]) for row in rows), f"{path.name}: a row has another number of cells")
    return rows


def read_json(path):
    """JSON as RFC 8259 wants it: no NaN, and each name once in an object."""

    def unique(pairs):
        names = [name for name, _ in pairs]
        need(len(names) == len(set(names)), f"{path.name}: a name stands twice: {names}")
        return dict(pairs)

    def no_number(text):
        raise SystemExit(f"{path.name}: {text} is no number")

    report = json.loads(whole(path), object_pairs_hook=unique, parse_constant=no_number)
    need(report["format"] == "hello-rabbit/grade/v1", f"{path.name}: another format")
    scores = {one["student"]["id"]: one["score"] for one in report["submissions"]}
    need(scores == {"4711": 5, "4712": 2, "4713": 0}, f"{path.name}: {scores}")


def read_csv(path):
    rows = table(path)
    need(len(rows) == 4, f"{path.name}: {len(rows)} rows")
    for row in rows:
        need(not any(cell.startswith(FORMULA) for cell in row), f"{path.name}: a formula in {row}")
    scores = {row[rows[0].index("id")]: row[rows[0].index("score")] for row in rows[1:]}
    need(scores == {"4711": "5", "4712": "2", "4713": "0"}, f"{path.name}: {scores}")


# For each element: the attributes that it must have, those that it may have, and its children in their order.
JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"time", "skipped"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped"},
        {"time", "timestamp", "hostname"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), set(), ["property"]),
    "property": ({"name", "value"}, set(), []),
    "testcase": ({"name", "classname"}, {"time"}, ["skipped", "error", "failure", "system-out", "system-err"]),
    "skipped": (set(), {"message", "type"}, []),
    "error": ({"type"}, {"message"}, []),
    "failure": ({"type"}, {"message"}, []),
    "system-out": (set(), set(), []),
    "system-err": (set(), set(), []),
}


def junit_element(path, element):
    must, may, order = JUNIT[element.tag]
    names = set(element.attrib)
    need(must <= names <= must | may, f"{path.name}: <{element.tag}> has {sorted(names)}")
    need(re.fullmatch(r"[0-9]+(\.[0-9]{1,3})?", element.get("time", "0")), f"{path.name}: time {element.get('time')}")
    children = [child.tag for child in element]
    need(set(children) <= set(order), f"{path.name}: <{element.tag}> has {children}")
    need(children == sorted(children, key=order.index), f"{path.name}: the order in <{element.tag}> is {children}")
    for child in element:
        junit_element(path, child)


def read_junit(path):
    text = whole(path)
    need("[[ATTACHMENT|" not in text, f"{path.name}: GitLab reads a file")
    root = ElementTree.fromstring(text)
    need(root.tag == "testsuites", f"{path.name}: <{root.tag}>")
    junit_element(path, root)
    for suite in root:
        cases = suite.findall("testcase")
        for name, tag in [("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
            count = sum(tag is None or case.find(tag) is not None for case in cases)
            need(int(suite.get(name)) == count, f"{path.name}: {name}={suite.get(name)}, and there are {count}")
        # GitLab drops a case whose class and name it has seen.
        keys = [(case.get("classname"), case.get("name")) for case in cases]
        need(len(keys) == len(set(keys)), f"{path.name}: a test case stands twice")
    for name in ["tests", "failures", "errors"]:
        sum_of = sum(int(suite.get(name)) for suite in root)
        need(int(root.get(name)) == sum_of, f"{path.name}: {name}={root.get(name)} at the top, and {sum_of} below")


def read_moodle(path):
    """The importer of the offline worksheet: three titles, numbers up to the maximum, and no backslash before a quote."""
    before, after = table(EXPORTS / "worksheet.csv"), table(path)
    need('\\"' not in whole(path), f"{path.name}: a backslash before a quote")
    need(after[0] == before[0], f"{path.name}: the titles differ")
    title = after[0].index
    need({"Identifier", "Grade", "Last modified (grade)"} <= set(after[0]), f"{path.name}: a title is missing")
    for old, new in zip(before, after, strict=True):
        filled = {title("Grade"), title("Feedback comments")}
        same = all(old[at] == new[at] for at in range(len(old)) if at not in filled)
        need(same, f"{path.name}: a cell beside the grade differs in {new}")
    grades = {}
    for row in after[1:]:
        need(re.fullmatch(r"Participant [0-9]+", row[title("Identifier")]), f"{path.name}: {row}")
        grade = row[title("Grade")]
        need(grade == "" or 0 <= float(grade) <= float(row[title("Maximum Grade")]), f"{path.name}: {row}")
        need(not row[title("Feedback comments")].startswith(FORMULA), f"{path.name}: a formula in {row}")
        grades[row[title("Identifier")].split()[1]] = grade
    need(grades == {"4711": "100", "4712": "40", "4713": "0", "4799": ""}, f"{path.name}: {grades}")


def read_canvas(path):
    """The importer of the gradebook: it guesses the separator from three lines, and finds the points by their words."""
    raw = path.read_bytes()
    need(raw.startswith("\ufeffStudent,".encode()), f"{path.name}: the byte-order mark is lost")
    first = raw.decode("utf-8").splitlines()[:3]
    need(all(line.count(",") >= line.count(";") for line in first), f"{path.name}: the separator can't be guessed")
    before, after = table(EXPORTS / "gradebook.csv"), table(path)
    need(after[0] == before[0], f"{path.name}: the titles differ")
    column = after[0].index("Hello World: sending (77)")
    points = [row for row in after if "Points Possible" in row[0]]
    need(points == [row for row in before if "Points Possible" in row[0]], f"{path.name}: the row of points differs")
    scores = {}
    for old, new in zip(before, after, strict=True):
        same = all(old[at] == new[at] for at in range(len(old)) if at != column)
        need(same, f"{path.name}: a cell beside the score differs in {new}")
        if new[1].isdigit():
            score = new[column]
            need(score in ("", "EX") or 0 <= float(score) <= float(points[0][column]), f"{path.name}: {new}")
            scores[new[1]] = score
    need(scores == {"4711": "5", "4712": "2", "4713": "EX", "4799": ""}, f"{path.name}: {scores}")


class Page(HTMLParser):
    """A page: balanced tags, unique ids, links to files that are there, and nothing from elsewhere."""

    VOID = {"meta", "link", "br", "hr", "img", "input", "rect"}

    def __init__(self, path):
        super().__init__()
        self.path, self.open, self.ids = path, [], set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        need(not {"src", "style", "onclick"} & set(attrs), f"{self.path.name}: <{tag}> has {attrs}")
        need(attrs.get("id") is None or attrs["id"] not in self.ids, f"{self.path.name}: the id {attrs.get('id')} twice")
        self.ids.add(attrs.get("id"))
        if tag == "a":
            need((self.path.parent / attrs["href"]).is_file(), f"{self.path.name}: no file {attrs['href']}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        need(tag in self.VOID or self.open.pop() == tag, f"{self.path.name}: </{tag}>")


def read_pages(folder):
    pages = [folder / "class.html", *sorted((folder / "students").glob("*.html"))]
    need(len(pages) == 4, f"class.html: {pages}")
    for path in pages:
        page = Page(path)
        page.feed(whole(path))
        page.close()
        need(page.open == [], f"{path.name}: {page.open} stay open")


for name, read in [
    ("grades.json", read_json),
    ("grades.csv", read_csv),
    ("junit.xml", read_junit),
    ("moodle.csv", read_moodle),
    ("canvas.csv", read_canvas),
]:
    try:
        read(REPORTS / name)
    except (ValueError, KeyError, csv.Error, ElementTree.ParseError) as error:
        raise SystemExit(f"{name}: {error!r}")
    print(f"{name}: fine")
read_pages(REPORTS)
print("pages: fine")

"""CSV files are read in blocks of whole rows, with the line numbers that an editor shows."""

import gzip
import lzma

import numpy as np
import pandas as pd
import pytest

from domain.errors import InvalidInputError
from ingest import history_csv, history_files
from ingest.history_files import read_pieces
from ingest.history_pieces import Columns, Position
from ingest.history_rejects import Rejects

COLUMNS = Columns(("device", "ts"), ("flow", "heat"), numbers=True)
TEXTS = Columns(("device", "ts"), ("detail",))


def read(path, columns=COLUMNS, start=None):
    rejects = Rejects(path.name)
    return list(read_pieces(path, columns, rejects, start)), rejects


def written(tmp_path, text, name="r.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(history_csv, "BLOCK", 100)
    monkeypatch.setattr(history_csv, "PIECE_ROWS", 4)


def test_numbers_are_read_to_the_last_digit(tmp_path):
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-50, 50).repeat(10)
    path = written(tmp_path, "device,ts,flow\n" + "".join(f"d,1,{value!r}\n" for value in values.tolist()))

    [piece], _ = read(path)

    assert piece.rows["flow"].tolist() == values.tolist()
    assert list(piece.rows.columns) == ["device", "ts", "flow", "heat"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.usefixtures("small_blocks")
def test_every_row_comes_once_with_its_line(tmp_path, ending):
    rows = [f"d{number},{number},{number}.5," for number in range(1, 50)]
    path = written(tmp_path, ending.join(["device,ts,flow,heat", *rows]))  # no line end at the end

    pieces, rejects = read(path)

    assert len(pieces) > 10
    assert [line for piece in pieces for line in piece.lines] == list(range(2, 51))
    assert [value for piece in pieces for value in piece.rows["flow"]] == [number + 0.5 for number in range(1, 50)]
    assert rejects.count == 0
    assert pieces[-1].share == 1


@pytest.mark.usefixtures("small_blocks")
def test_reading_goes_on_at_the_end_of_any_piece(tmp_path):
    rows = [f"d{number},{number},{number}.5,1" for number in range(1, 30)]
    path = written(tmp_path, "\ufeff" + "\n".join(["device,ts,flow,heat", *rows]) + "\n")
    packed = tmp_path / "r.csv.xz"
    packed.write_bytes(lzma.compress(path.read_bytes()))

    for source in (path, packed):
        pieces, _ = read(source)
        for number, piece in enumerate(pieces):
            rest, _ = read(source, start=piece.end)
            later = [line for piece in pieces[number + 1 :] for line in piece.lines]
            assert [line for piece in rest for line in piece.lines] == later
        assert sum(len(piece.rows) for piece in pieces) == 29


@pytest.mark.usefixtures("small_blocks")
def test_quotes_hold_commas_and_line_ends(tmp_path):
    text = 'device,ts,detail\na,1,"x, ""y""\nz"\nb,2,plain\n' + 'c,3,"1\n2\n3\n4\n5\n6"\n' * 3 + "d,4,\n"
    pieces, rejects = read(written(tmp_path, text), TEXTS)

    rows = pd.concat([piece.rows for piece in pieces])
    assert rows["detail"].tolist() == ['x, "y"\nz', "plain", *["1\n2\n3\n4\n5\n6"] * 3, ""]
    assert [line for piece in pieces for line in piece.lines] == [3, 4, 10, 16, 22, 23]
    assert rejects.count == 0


def test_a_row_of_another_length_is_rejected_alone(tmp_path):
    pieces, rejects = read(written(tmp_path, "device,ts,flow,heat\nd,1,2,3\nd,1,2\n\nd,1,2,3,4\nd,2,x,3\n"))

    assert pieces[0].rows["flow"].tolist() == ["2", "x"]
    assert rejects.first == ["r.csv line 3: 3 fields, the header has 4", "r.csv line 5: 5 fields, the header has 4"]


def test_a_field_that_is_no_number_leaves_its_block_as_texts(tmp_path):
    [piece], _ = read(written(tmp_path, "device,ts,flow,heat\nd,1,2,nan\nd,2,x,\n"))

    assert piece.rows["flow"].tolist() == ["2", "x"]
    assert piece.rows["heat"].isna().all()


def test_columns_can_be_renamed_and_left_out(tmp_path):
    path = written(tmp_path, "machineID,datetime,flow,note\n7,1,2,x\n")
    renames = {"machineID": "device", "datetime": "ts", "note": ""}

    [piece], _ = read(path, Columns(COLUMNS.required, COLUMNS.optional, numbers=True, renames=renames))

    assert piece.rows.iloc[0].tolist() == ["7", "1", 2.0, ""]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv.gz", b"device,ts\nd,1\n"),
        ("r.csv.gz", gzip.compress(b"device,ts\nd,1\n" * 1000, mtime=0)[:-20]),
        ("r.csv.xz", b"nonsense"),
        ("r.csv", b"device,ts\nd,\xff\n"),
    ],
)
def test_a_damaged_file_is_one_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(InvalidInputError, match=r"cannot read .*r\.csv"):
        read(tmp_path / name)


@pytest.mark.usefixtures("small_blocks")
def test_a_quote_that_is_never_closed_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(history_csv, "LONGEST_ROW", 300)

    with pytest.raises(InvalidInputError, match="quote left open"):
        read(written(tmp_path, 'device,ts,flow,heat\nd,1,"2,3\n' + "d,2,2,3\n" * 100))


def test_parquet_goes_on_at_any_row(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr("ingest.history_parquet.PIECE_ROWS", 4)
    path = tmp_path / "r.parquet"
    frame = pd.DataFrame({"device": "d", "ts": pd.date_range("2026-01-01", periods=25, tz="UTC"), "flow": range(25)})
    frame.to_parquet(path, row_group_size=10)

    whole, _ = read(path)
    assert [value for piece in whole for value in piece.rows["flow"]] == list(range(25))
    assert whole[-1].end == Position(25, 26)
    for done in range(26):
        rest, _ = read(path, start=Position(done, done + 1))
        assert [value for piece in rest for value in piece.rows["flow"]] == list(range(done, 25))
        assert not rest or rest[0].lines[0] == done + 2


def test_a_file_that_is_no_parquet_is_one_error(tmp_path):
    pytest.importorskip("pyarrow")

    with pytest.raises(InvalidInputError, match="cannot read"):
        read(written(tmp_path, "device,ts\n", "r.parquet"))


def test_a_data_frame_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(history_files, "PIECE_ROWS", 4)
    frame = pd.DataFrame({"device": "d", "ts": range(10), "flow": range(10)})

    pieces = list(read_pieces(frame, COLUMNS, Rejects("data frame")))

    assert [len(piece.rows) for piece in pieces] == [4, 4, 2]
    assert list(pieces[1].lines) == [6, 7, 8, 9]

"""Examples at the end of each command's help; a test runs them through its options."""

from __future__ import annotations

EXAMPLES = {
    "mien": ("mien image photo.jpg", "mien video clip.mp4", "mien live", "mien image --help"),
    "image": ("mien image photo.jpg", "mien image photos -r --out faces.csv", "mien image '*.jpg' --annotate marked"),
    "video": (
        "mien video clip.mp4",
        "mien video clips -r --page --out pages",
        "mien video clip.mp4 --start 1:30 --end 2:00 --film --captions srt --out marked",
        "mien video a.mp4 b.mp4 --annotations elan --summary people.csv",
    ),
    "people": (
        "mien people interview.mp4",
        "mien people interview.mp4 --merge 3=1 --name 1=Anna",
        "mien people interview.mp4 --page --data csv --force",
    ),
    "live": ("mien live", "mien live --source rtsp://192.168.1.9/stream --no-window --out faces.csv"),
    "web": ("mien web", "mien web --host 0.0.0.0 --token a-long-random-word"),
    "batch": (
        "mien batch photos -r --out faces.parquet",
        "mien batch s3://bucket/photos -r --out s3://bucket/faces --address auto",
        "mien batch images.parquet --column image --out faces",
        "mien batch films -r --fps 5 --out rows",
    ),
    "report": ("mien report mien mien-s --data data", "mien report mien --data data --data photos --out mien.html"),
    "explain": ("mien explain photo.jpg", "mien explain photos -r --emotions 1 --out explained"),
    "prepare": (
        "mien prepare fer2013.csv fer2013new.csv --out data",
        "mien prepare my-faces --out data --detector none",
    ),
    "recipes": ("mien recipes",),
    "train": (
        "mien train --data synthetic",
        "mien train 5-compact --data data",
        "mien train 5-compact --data data --limit 2000 --set epochs=5",
        "mien train own-faces --data own",
    ),
    "distill": (
        "mien distill --data data --teacher mien --run runs/taught",
        "mien distill 7-again --data data --teacher runs/5-compact --teacher mien",
    ),
    "soft-labels": (
        "mien soft-labels views --data data --teacher mien --out taught",
        "mien soft-labels views --data data --teacher runs/7-again --views 5 --out taught",
    ),
    "export": ("mien export runs/5-compact", "mien export runs/5-compact --int8 --data data --out small.onnx"),
    "evaluate": (
        "mien evaluate mien --data data",
        "mien evaluate runs/5-compact/model.onnx --data data --speed --robustness",
        "mien evaluate mien --data data --groups groups.csv --groups picture",
    ),
    "compare": (
        "mien compare mien-s mien --data data",
        "mien compare mien runs/5-compact/model.onnx --data data --groups groups.csv --out compared.json",
    ),
}
"""Command -> examples."""


def shown(name: str) -> str:
    """Return the examples of a command, as Typer prints them: a line each."""
    return "\n\n".join(["Examples:", *EXAMPLES[name]])

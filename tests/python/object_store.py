"""An S3 server on loopback, and the hands in it of a test that is not written in Python.

    python object_store.py BUCKET

It makes the bucket, writes the port as its first line, and then answers each line of stdin with a line:

    download FOLDER PREFIX    copies all objects below the prefix into a folder: the number of objects
    rows TABLE                reads a Delta table through its log, with delta-rs for Python: the number of rows

Fields are separated by tabs. It ends with its stdin.
"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
import deltalake
from moto.server import ThreadedMotoServer

KEY = "test"
REGION = "us-east-1"


def main(bucket: str) -> None:
    """Serves until stdin ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name=REGION)
    client.create_bucket(Bucket=bucket)
    print(port, flush=True)

    def download(folder: str, prefix: str) -> int:
        count = 0
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                path = Path(folder) / entry["Key"].removeprefix(prefix)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
                count += 1
        return count

    def rows(table: str) -> int:
        options = {
            "aws_endpoint": endpoint,
            "aws_allow_http": "true",
            "aws_access_key_id": KEY,
            "aws_secret_access_key": KEY,
            "aws_region": REGION,
        }
        table = deltalake.DeltaTable(f"s3://{bucket}/{table}", storage_options=options)
        return table.to_pyarrow_table(columns=["run_id"]).num_rows

    commands = {"download": download, "rows": rows}
    for line in sys.stdin:
        name, *arguments = line.rstrip("\n").split("\t")
        print(commands[name](*arguments), flush=True)
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])

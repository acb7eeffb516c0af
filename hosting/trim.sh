#!/bin/sh
# Removes from a folder of packages what the dashboard never loads: tests, headers, parts for notebooks and RPC, and the
# descriptions of the AWS services that it does not call.
set -eu
cd "$1"
find pandas pyarrow scipy -type d -name tests -prune -exec rm -rf {} +
find numpy -type d -name tests ! -path "numpy/_core/*" -prune -exec rm -rf {} +
rm -rf pyarrow/include pyarrow/_flight.* pyarrow/libarrow_flight.* pyarrow/libarrow_python*.so pyarrow/*.so.*.*.* pydeck/nbextension/static
for service in botocore/data/*/; do
    case $(basename "$service") in
        athena | cloudformation | cloudwatch | dynamodb | kinesis | s3 | sts) ;;
        *) rm -rf "$service" ;;
    esac
done

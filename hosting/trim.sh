#!/bin/sh
# Removes from a folder of packages what the dashboard never loads: tests, headers, parts for notebooks, RPC and S3, the
# parts of SciPy that LightGBM does not use, and the descriptions of the AWS services that it does not call.
set -eu
cd "$1"
find pandas pyarrow scipy -type d -name tests -prune -exec rm -rf {} +
find numpy -type d -name tests ! -path "numpy/_core/*" -prune -exec rm -rf {} +
rm -rf pyarrow/include pyarrow/_flight.* pyarrow/libarrow_flight.* pyarrow/_s3fs.* pyarrow/libarrow_s3.* pyarrow/libarrow_python*.so pyarrow/*.so.*.*.* pydeck/nbextension/static
for part in cluster datasets fft fftpack integrate interpolate io ndimage odr optimize signal spatial stats; do
    rm -rf "scipy/$part"
done
for service in botocore/data/*/; do
    case $(basename "$service") in
        athena | cloudformation | cloudwatch | dynamodb | kinesis | s3 | sesv2 | sts) ;;
        *) rm -rf "$service" ;;
    esac
done

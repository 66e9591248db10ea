#!/bin/sh
# Makes the environments of the other desks that `acuse bench` can measure beside ours: make_peers.sh FOLDER
set -eu
folder=${1:?a folder for the environments}
mkdir -p "$folder"
for name in roundup django-helpdesk; do
  test -x "$folder/$name/bin/python" || python3 -m venv "$folder/$name"
  "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check "$name"
done
echo "acuse bench --roundup $folder/roundup --django-helpdesk $folder/django-helpdesk"

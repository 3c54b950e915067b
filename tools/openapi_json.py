# SPDX-License-Identifier: Apache-2.0
"""Converts the OpenAPI document from YAML to compact JSON: openapi_json.py IN OUT"""

import json
import sys

import yaml

with open(sys.argv[1]) as source, open(sys.argv[2], "w") as target:
    json.dump(yaml.safe_load(source), target, separators=(",", ":"), default=str)

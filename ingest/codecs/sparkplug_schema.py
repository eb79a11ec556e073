"""The part of the Sparkplug B protobuf schema that is read (Eclipse Sparkplug 3.0.0, chapter 6.4).

Field numbers are data here, so that no generated code has to agree with the version of the protobuf runtime. Whatever
is not listed (text, data sets, templates, properties) stays unread among a message's unknown fields.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "aftercare.sparkplug"
FIELDS = {
    "Payload": {"timestamp": (1, "UINT64"), "metrics": (2, "Metric"), "uuid": (4, "BYTES")},
    "Metric": {
        "name": (1, "BYTES"),  # text, but the runtime's own check of UTF-8 differs between its versions
        "alias": (2, "UINT64"),
        "timestamp": (3, "UINT64"),
        "datatype": (4, "UINT32"),
        "is_transient": (6, "BOOL"),
        "is_null": (7, "BOOL"),
        "int_value": (10, "UINT32"),
        "long_value": (11, "UINT64"),
        "float_value": (12, "FLOAT"),
        "double_value": (13, "DOUBLE"),
        "boolean_value": (14, "BOOL"),
    },
}
VALUE_FIELDS = ("int_value", "long_value", "float_value", "double_value", "boolean_value")


def _message_class(name: str) -> Any:
    file = FileDescriptorProto(name="aftercare_sparkplug.proto", package=PACKAGE, syntax="proto2")
    for message_name, fields in FIELDS.items():
        message = file.message_type.add(name=message_name)
        if message_name == "Metric":
            message.oneof_decl.add(name="value")
        for field_name, (number, kind) in fields.items():
            field = message.field.add(name=field_name, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
            if field_name in VALUE_FIELDS:
                field.oneof_index = 0
            if kind in FIELDS:
                field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
                field.label = FieldDescriptorProto.LABEL_REPEATED
            else:
                field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind}")
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


Payload = _message_class("Payload")

"""What an Agent's model may call: functions, MCP servers' tools, and what Mistral runs itself."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.fields import McpServerRef, ToolName


class FunctionTool(ApiModel):
    """A Python function of the worker pool's image."""

    name: ToolName
    """Name of the function, as the WorkerPool lists it in status.tools."""


RemoteToolName = Annotated[str, Field(min_length=1, max_length=256)]
Selection = Annotated[tuple[RemoteToolName, ...], Field(min_length=1, max_length=128)]

ONE_SELECTION = Rule(
    cel="!(has(self.include) && has(self.exclude))",
    message="at most one of include and exclude",
    holds=lambda tool: tool.include is None or tool.exclude is None,
)


class McpTools(ApiModel):
    """Tools of an MCP server; the model knows each as `server_tool`."""

    server_ref: McpServerRef
    """The MCPServer."""

    include: Selection | None = None
    """Names of the tools on the server; absent means all."""

    exclude: Selection | None = None
    """Names of the tools on the server to leave out."""

    rules: ClassVar = (ONE_SELECTION,)


class BuiltinTool(ApiModel):
    """A tool that Mistral runs itself."""

    type: Literal["web_search", "web_search_premium", "code_interpreter", "image_generation"]
    """Which one."""


class DocumentLibraryTool(ApiModel):
    """Search in document libraries at Mistral."""

    ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], Field(min_length=1, max_length=32)
    ]
    """Ids of the libraries."""


class ConnectorTool(ApiModel):
    """A connector that is set up at Mistral, with its own access."""

    id: Annotated[str, Field(min_length=1, max_length=256)]
    """Its name or id."""

    include: Selection | None = None
    """Names of its tools; absent means all."""

    exclude: Selection | None = None
    """Names of its tools to leave out."""

    rules: ClassVar = (ONE_SELECTION,)


class Tool(ApiModel):
    """Something the model may call."""

    function: FunctionTool | None = None
    """A Python function of the worker pool's image."""

    mcp: McpTools | None = None
    """Tools of an MCP server."""

    builtin: BuiltinTool | None = None
    """A tool that Mistral runs itself."""

    document_library: DocumentLibraryTool | None = None
    """Search in document libraries at Mistral."""

    connector: ConnectorTool | None = None
    """A connector that is set up at Mistral."""

    rules: ClassVar = (
        Rule(
            cel="[has(self.function), has(self.mcp), has(self.builtin), has(self.documentLibrary), "
            "has(self.connector)].filter(set, set).size() == 1",
            message="exactly one of function, mcp, builtin, documentLibrary and connector",
            holds=lambda tool: len(tool.model_fields_set) == 1,
        ),
    )

"""Layers that several networks share: nn.Modules that any plugin can import."""

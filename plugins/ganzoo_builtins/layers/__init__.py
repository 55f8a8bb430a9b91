"""Layers that several papers share: plain nn.Modules, for networks of any plugin to import."""

"""The Lambda asset."""

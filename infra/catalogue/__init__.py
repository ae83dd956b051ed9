"""Tools for the catalogue of kinds.

- scaffold: `make kind` proposes the table of a new kind.
- validate: checks a kind's table against botocore's model, in the tests and, for custom_kinds, at synthesis.
- iam_resources: `make actions` writes the resources to which IAM can limit each describe call.
- model_names: `make actions` also writes the names of the services in botocore's models.
- coverage: `make kinds` writes the pages of kinds_page, outcomes_page and errors_page.
- notifications_page: `make notifications` writes the page of sample emails.
"""

"""What will be: CloudFormation templates and Terraform plans as snapshots of planned access."""

"""Ways to more access by handing a role to a service, or by taking over what holds a role already, as data."""

from __future__ import annotations

from scanner.model.finding import Severity
from scanner.rules.aws.escalation_paths import IDENTITY_PATHS, ROLES, EscalationPath, Step

_ANY_ROLE = "a role that may do more and trusts the service"


def _pass(*services: str) -> Step:
    return Step("iam:PassRole", (ROLES,), {"StringEquals": {"iam:PassedToService": list(services)}}, other_role=True)


def _run(
    name: str,
    title: str,
    services: tuple[str, ...],
    actions: tuple[str, ...],
    needs: str = _ANY_ROLE,
    severity: Severity = Severity.CRITICAL,
) -> EscalationPath:
    """Return a path that hands a role to a service which then runs the principal's code or calls."""
    steps = (_pass(*services), *(Step(a) for a in actions))
    return EscalationPath(
        name, title, steps, "all that the passed role may do", Severity.CRITICAL, needs, Severity.MEDIUM
    )


def _reuse(name: str, title: str, actions: tuple[str, ...], needs: str) -> EscalationPath:
    """Return a path that takes over something which holds a role already."""
    return EscalationPath(
        name,
        title,
        tuple(Step(a) for a in actions),
        "all that the role in use may do",
        Severity.MEDIUM,
        needs,
        Severity.MEDIUM,
    )


PASS_PATHS: tuple[EscalationPath, ...] = (
    _run(
        "pass-ec2-run",
        "Start an instance with another role",
        ("ec2.amazonaws.com", "ec2.amazonaws.com.cn"),
        ("ec2:RunInstances",),
        "an instance profile with that role",
    ),
    _run(
        "pass-ec2-spot",
        "Request a spot instance with another role",
        ("ec2.amazonaws.com",),
        ("ec2:RequestSpotInstances",),
        "an instance profile with that role",
    ),
    _run(
        "pass-ec2-profile",
        "Put another role into an instance profile",
        ("ec2.amazonaws.com",),
        ("iam:AddRoleToInstanceProfile",),
        "an instance profile in use",
    ),
    _run(
        "pass-ec2-associate",
        "Give a running instance another profile",
        ("ec2.amazonaws.com",),
        ("ec2:AssociateIamInstanceProfile",),
        "a running instance within reach",
    ),
    _run(
        "pass-ec2-replace",
        "Replace the profile of a running instance",
        ("ec2.amazonaws.com",),
        ("ec2:ReplaceIamInstanceProfileAssociation",),
        "a running instance within reach",
    ),
    _run(
        "pass-autoscaling",
        "Start instances with another role by an Auto Scaling group",
        ("ec2.amazonaws.com",),
        ("autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"),
        "an instance profile with that role",
    ),
    _run(
        "pass-cloudformation-stack",
        "Create a stack that acts with another role",
        ("cloudformation.amazonaws.com",),
        ("cloudformation:CreateStack",),
    ),
    _run(
        "pass-cloudformation-set",
        "Create a stack set that acts with another role",
        ("cloudformation.amazonaws.com",),
        ("cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"),
    ),
    _run(
        "pass-cloudformation-set-update",
        "Change a stack set to act with another role",
        ("cloudformation.amazonaws.com",),
        ("cloudformation:UpdateStackSet",),
    ),
    _run(
        "pass-lambda-invoke",
        "Create a function with another role and invoke it",
        ("lambda.amazonaws.com",),
        ("lambda:CreateFunction", "lambda:InvokeFunction"),
    ),
    _run(
        "pass-lambda-event",
        "Create a function with another role and feed it from an event source",
        ("lambda.amazonaws.com",),
        ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
    ),
    _run(
        "pass-lambda-permission",
        "Create a function with another role and let someone else invoke it",
        ("lambda.amazonaws.com",),
        ("lambda:CreateFunction", "lambda:AddPermission"),
    ),
    _run(
        "pass-eks-pod-identity",
        "Give a pod another role by Pod Identity",
        ("pods.eks.amazonaws.com",),
        ("eks:CreatePodIdentityAssociation",),
        "a role that trusts Pod Identity, and a pod",
    ),
    _run(
        "pass-ecs-service-new-cluster",
        "Run a task with another role in a new cluster, as a service",
        ("ecs-tasks.amazonaws.com",),
        ("ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:CreateService"),
    ),
    _run(
        "pass-ecs-task-new-cluster",
        "Run a task with another role in a new cluster",
        ("ecs-tasks.amazonaws.com",),
        ("ecs:CreateCluster", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    ),
    _run(
        "pass-ecs-service",
        "Run a task with another role as a service",
        ("ecs-tasks.amazonaws.com",),
        ("ecs:RegisterTaskDefinition", "ecs:CreateService"),
        "a cluster",
    ),
    _run(
        "pass-ecs-task",
        "Run a task with another role",
        ("ecs-tasks.amazonaws.com",),
        ("ecs:RegisterTaskDefinition", "ecs:RunTask"),
        "a cluster",
    ),
    _run(
        "pass-ecs-start",
        "Start a task with another role on an instance",
        ("ecs-tasks.amazonaws.com",),
        ("ecs:RegisterTaskDefinition", "ecs:StartTask"),
        "a cluster with an instance",
    ),
    _run(
        "pass-batch",
        "Run a batch job with another role",
        ("ecs-tasks.amazonaws.com",),
        ("batch:RegisterJobDefinition", "batch:SubmitJob"),
        "a job queue",
    ),
    _run(
        "pass-codebuild",
        "Build with another role",
        ("codebuild.amazonaws.com",),
        ("codebuild:CreateProject", "codebuild:StartBuild"),
    ),
    _run(
        "pass-codebuild-batch",
        "Build in a batch with another role",
        ("codebuild.amazonaws.com",),
        ("codebuild:CreateProject", "codebuild:StartBuildBatch"),
    ),
    _run(
        "pass-glue-endpoint",
        "Open a Glue development endpoint with another role",
        ("glue.amazonaws.com",),
        ("glue:CreateDevEndpoint",),
    ),
    _run(
        "pass-glue-job-run",
        "Create and start a Glue job with another role",
        ("glue.amazonaws.com",),
        ("glue:CreateJob", "glue:StartJobRun"),
    ),
    _run(
        "pass-glue-job-trigger",
        "Create a Glue job with another role and a trigger for it",
        ("glue.amazonaws.com",),
        ("glue:CreateJob", "glue:CreateTrigger"),
    ),
    _run(
        "pass-glue-update-run",
        "Change a Glue job to another role and start it",
        ("glue.amazonaws.com",),
        ("glue:UpdateJob", "glue:StartJobRun"),
        "a Glue job",
    ),
    _run(
        "pass-glue-update-trigger",
        "Change a Glue job to another role and trigger it",
        ("glue.amazonaws.com",),
        ("glue:UpdateJob", "glue:CreateTrigger"),
        "a Glue job",
    ),
    _run(
        "pass-sagemaker-notebook",
        "Open a notebook with another role",
        ("sagemaker.amazonaws.com",),
        ("sagemaker:CreateNotebookInstance",),
    ),
    _run(
        "pass-sagemaker-training",
        "Run a training job with another role",
        ("sagemaker.amazonaws.com",),
        ("sagemaker:CreateTrainingJob",),
    ),
    _run(
        "pass-sagemaker-processing",
        "Run a processing job with another role",
        ("sagemaker.amazonaws.com",),
        ("sagemaker:CreateProcessingJob",),
    ),
    _run(
        "pass-datapipeline",
        "Run a data pipeline with another role",
        ("datapipeline.amazonaws.com",),
        ("datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition", "datapipeline:ActivatePipeline"),
    ),
    _run(
        "pass-apprunner",
        "Run a service with another role",
        ("tasks.apprunner.amazonaws.com",),
        ("apprunner:CreateService",),
    ),
    _run(
        "pass-bedrock-interpreter",
        "Run code with another role in a code interpreter",
        ("bedrock-agentcore.amazonaws.com",),
        (
            "bedrock-agentcore:CreateCodeInterpreter",
            "bedrock-agentcore:StartCodeInterpreterSession",
            "bedrock-agentcore:InvokeCodeInterpreter",
        ),
    ),
    _run(
        "pass-ssm-automation",
        "Run an automation with another role",
        ("ssm.amazonaws.com",),
        ("ssm:StartAutomationExecution",),
    ),
    _run(
        "pass-stepfunctions",
        "Run a state machine with another role",
        ("states.amazonaws.com",),
        ("states:CreateStateMachine", "states:StartExecution"),
    ),
    _run(
        "pass-scheduler",
        "Schedule a call with another role",
        ("scheduler.amazonaws.com",),
        ("scheduler:CreateSchedule",),
    ),
    _run(
        "pass-events-target",
        "Have a rule call a target with another role",
        ("events.amazonaws.com",),
        ("events:PutRule", "events:PutTargets"),
        "a role that lets a rule run code",
        Severity.HIGH,
    ),
    _run(
        "pass-emr",
        "Start an EMR cluster with another role",
        ("elasticmapreduce.amazonaws.com",),
        ("elasticmapreduce:RunJobFlow",),
    ),
)

REUSE_PATHS: tuple[EscalationPath, ...] = (
    _reuse(
        "cloudformation-update-stack",
        "Change a stack that acts with its own role",
        ("cloudformation:UpdateStack",),
        "a stack with a service role",
    ),
    _reuse(
        "cloudformation-change-set",
        "Change a stack with its own role by a change set",
        ("cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
        "a stack with a service role",
    ),
    _reuse(
        "ec2-launch-template",
        "Change the launch template of instances that hold a role",
        ("ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate"),
        "a launch template in use with an instance profile",
    ),
    _reuse(
        "ec2-user-data",
        "Change the start script of an instance and restart it",
        ("ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"),
        "an instance with a role",
    ),
    _reuse(
        "ec2-instance-connect",
        "Log on to an instance by a pushed key",
        ("ec2-instance-connect:SendSSHPublicKey", "ec2:DescribeInstances"),
        "an instance with a role, reachable by SSH",
    ),
    _reuse("ssm-session", "Open a session on an instance", ("ssm:StartSession",), "a managed instance with a role"),
    _reuse("ssm-command", "Run a command on an instance", ("ssm:SendCommand",), "a managed instance with a role"),
    _reuse(
        "lambda-code",
        "Replace the code of a function that runs by itself",
        ("lambda:UpdateFunctionCode",),
        "a function with a role and a trigger",
    ),
    _reuse(
        "lambda-code-invoke",
        "Replace the code of a function and invoke it",
        ("lambda:UpdateFunctionCode", "lambda:InvokeFunction"),
        "a function with a role",
    ),
    _reuse(
        "lambda-code-permission",
        "Replace the code of a function and let someone else invoke it",
        ("lambda:UpdateFunctionCode", "lambda:AddPermission"),
        "a function with a role",
    ),
    _reuse(
        "lambda-layer",
        "Put a layer under a function",
        ("lambda:UpdateFunctionConfiguration",),
        "a function with a role",
    ),
    _reuse("ecs-exec", "Run a command in a task", ("ecs:ExecuteCommand",), "a task with a role that allows it"),
    _reuse(
        "codebuild-start",
        "Start a build with commands of one's own",
        ("codebuild:StartBuild",),
        "a build project with a role",
    ),
    _reuse(
        "codebuild-start-batch",
        "Start a batch build with commands of one's own",
        ("codebuild:StartBuildBatch",),
        "a build project with a role",
    ),
    _reuse(
        "glue-endpoint-key",
        "Put a key on a Glue development endpoint",
        ("glue:UpdateDevEndpoint",),
        "a development endpoint",
    ),
    _reuse(
        "apprunner-update",
        "Change what an App Runner service runs",
        ("apprunner:UpdateService",),
        "a service with a role",
    ),
    _reuse(
        "bedrock-interpreter-session",
        "Run code in a code interpreter that holds a role",
        ("bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter"),
        "a code interpreter with a role",
    ),
    _reuse(
        "sagemaker-notebook-url",
        "Open a notebook that holds a role",
        ("sagemaker:CreatePresignedNotebookInstanceUrl",),
        "a notebook with a role",
    ),
    _reuse(
        "sagemaker-lifecycle",
        "Change the start script of a notebook and restart it",
        (
            "sagemaker:CreateNotebookInstanceLifecycleConfig",
            "sagemaker:StopNotebookInstance",
            "sagemaker:UpdateNotebookInstance",
            "sagemaker:StartNotebookInstance",
        ),
        "a notebook with a role",
    ),
    _reuse(
        "eks-access-entry",
        "Make oneself administrator of an EKS cluster",
        ("eks:CreateAccessEntry", "eks:AssociateAccessPolicy"),
        "a cluster whose pods hold roles",
    ),
)

ALL_PATHS: tuple[EscalationPath, ...] = (*IDENTITY_PATHS, *PASS_PATHS, *REUSE_PATHS)

"""Names of KFP's own implementation that have no counterpart here (§1.2): they can be imported, and not be used.

Editors add such imports by themselves, and wrappers name what they replace only for some versions of KFP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final[Mapping[str, str]] = {
    "kfp._auth": (
        "IAM_SCOPE LOCAL_KFP_CREDENTIAL OAUTH_TOKEN_URI RedirectWSGIApp fetch_auth_token_from_response "
        "get_auth_code get_auth_response_local get_auth_response_ssh get_auth_token get_auth_token_from_sa "
        "get_gcp_access_token get_google_open_id_connect_token get_local_server_app "
        "get_refresh_token_from_client_id get_refresh_token_from_code get_service_account_credentials "
        "id_token_from_refresh_token"
    ),
    "kfp._client": (
        "KF_PIPELINES_APP_OAUTH2_CLIENT_ID_ENV KF_PIPELINES_APP_OAUTH2_CLIENT_SECRET_ENV "
        "KF_PIPELINES_DEFAULT_EXPERIMENT_NAME KF_PIPELINES_ENDPOINT_ENV KF_PIPELINES_IAP_OAUTH2_CLIENT_ID_ENV "
        "KF_PIPELINES_OVERRIDE_EXPERIMENT_NAME KF_PIPELINES_UI_ENDPOINT_ENV _FILTER_OPERATIONS "
        "_add_generated_apis"
    ),
    "kfp._config": "COMPILING_FOR_V2 TYPE_CHECK",
    "kfp._local_client": "_Dag _extract_pipeline_param _get_op _get_subgroup",
    "kfp.cli": "",
    "kfp.cli.cli": "_NO_CLIENT_COMMANDS cli main",
    "kfp.cli.components": (
        "_COMPONENT_METADATA_DIR _COMPONENT_ROOT_DIR _ComponentBuilder _DOCKERFILE _DOCKERFILE_TEMPLATE "
        "_DOCKERIGNORE _DOCKERIGNORE_TEMPLATE _DOCKER_IS_PRESENT _Engine _REQUIREMENTS_TXT _error _info "
        "_registered_modules _warning app build components"
    ),
    "kfp.cli.diagnose_me": "",
    "kfp.cli.diagnose_me.dev_env": "Commands _command_string get_dev_env_configuration",
    "kfp.cli.diagnose_me.gcp": (
        "Commands _command_string execute_gcloud_command execute_gsutil_command get_gcp_configuration"
    ),
    "kfp.cli.diagnose_me.kubernetes_cluster": (
        "Commands _command_string _get_kfp_runtime execute_kubectl_command get_kubectl_configuration"
    ),
    "kfp.cli.diagnose_me.utility": "ExecutorResponse",
    "kfp.cli.diagnose_me_cli": "diagnose_me print_to_sdtout",
    "kfp.cli.experiment": "_display_experiment _display_experiments archive create delete experiment get list",
    "kfp.cli.output": "OutputFormat print_output",
    "kfp.cli.pipeline": (
        "_display_pipeline _display_pipeline_version _print_pipeline_versions _print_pipelines delete "
        "delete_version get list list_versions pipeline upload upload_version"
    ),
    "kfp.cli.recurring_run": "_display_recurring_run _display_recurring_runs create delete get list recurring_run",
    "kfp.cli.run": "_display_run _print_runs _wait_for_run_completion get list run submit",
    "kfp.compiler._data_passing_rewriter": (
        "clean_up_empty_workflow_structures deconstruct_single_placeholder extract_all_placeholders "
        "extract_input_parameter_name fix_big_data_passing"
    ),
    "kfp.compiler._data_passing_using_volume": "rewrite_data_passing_to_use_volumes",
    "kfp.compiler._default_transformers": "add_kfp_pod_env add_pod_env add_pod_labels",
    "kfp.compiler._op_to_template": (
        "T _inputs_to_json _op_to_template _outputs_to_json _parameters_to_json _process_base_ops _process_obj"
    ),
    "kfp.compiler.compiler": "_SDK_ENV_DEFAULT _SDK_ENV_LABEL _SDK_VERSION_LABEL _run_argo_lint _validate_workflow",
    "kfp.compiler.main": (
        "PipelineCollectorContext _KF_PIPELINES_COMPILER_MODE_ENV _compile_pipeline_function compile_pyfile main "
        "parse_arguments"
    ),
    "kfp.compiler.v2_compat": "_DEFAULT_LAUNCHER_IMAGE update_op",
    "kfp.components._airflow_op": "_create_component_spec_from_airflow_op _default_airflow_base_image _run_airflow_op",
    "kfp.components._component_store": (
        "_COMPONENT_FILENAME _calculate_component_digest _calculate_git_blob_hash _get_request_session "
        "_list_candidate_component_uris_from_github_repo"
    ),
    "kfp.components._components": (
        "_COMPONENT_FILE_NAME_IN_ARCHIVE _DefaultValue _ResolvedGraphTask _always_expand_graph_components "
        "_container_task_constructor _create_task_object_from_component_and_arguments "
        "_create_task_spec_from_component_and_arguments _default_container_task_constructor _fix_component_uri "
        "_generate_input_file_name _generate_output_file_name _load_component_spec_from_file "
        "_load_component_spec_from_url _load_component_spec_from_yaml_or_zip_bytes "
        "_react_to_incompatible_reference_type _resolve_graph_task _single_io_file_name"
    ),
    "kfp.components._data_passing": (
        "Converter _bool_deserializer_code _bool_deserializer_definitions _converters _deserialize_base64_pickle "
        "_deserialize_base64_pickle_code _deserialize_base64_pickle_definitions _deserialize_bool "
        "_serialize_base64_pickle _serialize_bool _serialize_float _serialize_int _serialize_json _serialize_str "
        "get_canonical_type_for_type_name get_deserializer_code_for_type_name get_serializer_func_for_type_name "
        "type_name_to_deserializer type_name_to_serializer type_name_to_type type_to_deserializer "
        "type_to_type_name"
    ),
    "kfp.components._dynamic": "KwParameter create_function_from_parameter_names create_function_from_parameters",
    "kfp.components._key_value_store": "KeyValueStore",
    "kfp.components._naming": (
        "_convert_name_and_make_it_unique_by_adding_number _convert_to_human_name _generate_unique_suffix "
        "_normalize_identifier_name"
    ),
    "kfp.components._python_op": (
        "T _capture_function_code_using_cloudpickle _capture_function_code_using_source_copy "
        "_get_function_source_definition _make_parent_dirs_and_return_path _module_is_builtin_or_standard "
        "_parent_dirs_maker_that_returns_open_file _python_function_name_to_component_name "
        "_strip_type_hints_using_lib2to3 _strip_type_hints_using_strip_hints strip_type_hints"
    ),
    "kfp.components._structures": (
        "ArgumentType CommandlineArgumentType IfConditionArgumentType ImplementationType PredicateType "
        "PrimitiveTypes PrimitiveTypesIncludingNone TypeSpecType"
    ),
    "kfp.components.modelbase": (
        "T convert_object_to_struct parse_object_from_struct_based_on_class_init "
        "parse_object_from_struct_based_on_type verify_object_against_type"
    ),
    "kfp.components.type_annotation_utils": "T get_short_type_name maybe_strip_optional_from_annotation",
    "kfp.containers._build_image_api": ("_container_work_dir _generate_dockerfile_text default_base_image"),
    "kfp.containers._cache": (
        "calculate_file_hash calculate_recursive_dir_hash clear_cache try_read_value_from_cache write_value_to_cache"
    ),
    "kfp.containers._component_builder": (
        "DependencyHelper V2_COMPONENT_ANNOTATION _PROGRAM_LAUNCHER_CMD _configure_logger "
        "_dependency_to_requirements _generate_dockerfile _purge_program_launching_code"
    ),
    "kfp.containers._container_builder": (
        "GCR_DEFAULT_IMAGE_SUFFIX GCS_STAGING_BLOB_DEFAULT_PREFIX KANIKO_EXECUTOR_IMAGE_DEFAULT "
        "SERVICEACCOUNT_NAMESPACE _get_instance_id _get_project_id"
    ),
    "kfp.containers._gcs_helper": "GCSHelper",
    "kfp.containers._k8s_job_helper": "K8sJobHelper",
    "kfp.containers.entrypoint": (
        "ARGO_PARAM_SUFFIX ARTIFACT_METADATA_SUFFIX FIELD_NAME_SUFFIX FN_NAME_ARG FN_SOURCE INPUT_URI_SUFFIX "
        "InputArtifact InputParam METADATA_FILE_ARG OUTPUT_ARTIFACT_PATH_SUFFIX OUTPUT_NAME_SUFFIX "
        "OUTPUT_PARAM_PATH_SUFFIX PARAM_METADATA_SUFFIX PRODUCER_POD_ID_SUFFIX _write_output_metadata_file main"
    ),
    "kfp.containers.entrypoint_utils": (
        "_REMOTE_FS_PREFIX _USER_MODULE _get_pipeline_value get_artifact_from_output get_executor_output "
        "get_output_artifacts get_parameter_from_output get_python_value import_func_from_source"
    ),
    "kfp.v2.components.component_factory": (
        "ComponentInfo _annotation_to_type_struct _get_command_and_args_for_containerized_component "
        "_get_command_and_args_for_lightweight_component _get_default_kfp_package_path _get_function_source_definition "
        "_get_packages_to_install_command _make_index_url_options _maybe_make_unique "
        "_python_function_name_to_component_name create_component_from_func extract_component_interface"
    ),
    "kfp.v2.components.executor": "Executor",
    "kfp.v2.components.types.artifact_types": "create_runtime_artifact",
    "kfp.v2.components.types.type_annotations": (
        "InputAnnotation OutputAnnotation get_io_artifact_annotation get_io_artifact_class get_short_type_name "
        "is_artifact_annotation is_input_artifact is_output_artifact maybe_strip_optional_from_annotation"
    ),
    "kfp.v2.components.types.type_utils": (
        "_check_dict_types _check_types get_artifact_type_schema get_input_artifact_type_schema get_parameter_type "
        "get_parameter_type_field_name is_parameter_type is_task_final_status_type"
    ),
    "kfp.v2.components.utils": (
        "load_module make_name_unique_by_adding_index maybe_rename_for_k8s sanitize_component_name "
        "sanitize_executor_label sanitize_task_name"
    ),
    "kfp.dsl._component_bridge": (
        "ExtraPlaceholderResolver INPUT_OUTPUT_NAME_PATTERN OUTPUT_DIR_PLACEHOLDER OUTPUT_METADATA_JSON "
        "PRODUCER_POD_NAME_PARAMETER RUN_ID_PLACEHOLDER _EXECUTOR_INPUT_PLACEHOLDER _attach_v2_specs "
        "_create_container_op_from_component_and_arguments _generate_executor_input _generate_input_metadata_path "
        "_generate_input_output_name _generate_input_uri_placeholder _generate_output_metadata_path "
        "_generate_output_uri_placeholder"
    ),
    "kfp.dsl._container_op": (
        "ArgumentOrArguments ContainerOpArgument StringOrStringList T _DEFAULT_CUSTOM_JOB_MACHINE_TYPE _E _EI _G "
        "_GI _GKE_ACCELERATOR_LABEL _K _KI _M _MI _P _PI _PipelineContainerSpec _T _TI _create_getter_setter "
        "_is_legacy_output_name _make_hash_based_id_for_op _proxy_container_op_props _register_op_handler "
        "_sanitize_gpu_type create_and_append deprecation_warning"
    ),
    "kfp.dsl._for_loop": "ItemList LoopArgumentVariable",
    "kfp.dsl._metadata": "_annotation_to_typemeta",
    "kfp.dsl._pipeline_param": "_extract_pipelineparams",
    "kfp.dsl._pipeline_volume": "prune_none_dict_values",
    "kfp.dsl.artifact": "Artifact DEFAULT_ARTIFACT_SCHEMA KFP_ARTIFACT_ONTOLOGY_MODULE",
    "kfp.dsl.artifact_utils": "SchemaFieldType parse_schema read_schema_file verify_schema_instance",
    "kfp.dsl.component_spec": (
        "_exclude_loop_arguments_variables additional_input_name_for_pipelineparam build_component_inputs_spec "
        "build_component_outputs_spec build_component_spec_from_structure build_task_inputs_spec "
        "pop_input_from_component_spec pop_input_from_task_spec update_task_inputs_spec"
    ),
    "kfp.dsl.dsl_utils": (
        "_COMPONENT_NAME_PREFIX _CommandlineArgumentType _EXECUTOR_LABEL_PREFIX _executor_input_placeholder "
        "_input_artifact_path_placeholder _input_artifact_uri_placeholder _input_parameter_placeholder "
        "_output_artifact_path_placeholder _output_artifact_uri_placeholder _output_parameter_path_placeholder "
        "_sanitize_name get_value resolve_cmd_lines sanitize_component_name sanitize_executor_label "
        "sanitize_task_name"
    ),
    "kfp.dsl.io_types": "create_runtime_artifact",
    "kfp.dsl.metrics_utils": "ComplexMetricsBase ConfidenceMetrics ConfusionMatrix",
    "kfp.dsl.serialization_utils": "_NoneAsBlankDumper _represent_none yaml_dump",
    "kfp.dsl.type_utils": (
        "get_artifact_type_schema get_input_artifact_type_schema get_parameter_type get_parameter_type_field_name "
        "is_parameter_type"
    ),
    "kfp.dsl.types": "TypeSpecType _check_dict_types _check_valid_type_dict",
    "kfp.notebook._magic": "docker",
    "kfp.onprem": "_apply_default_resource",
    "kfp.pipeline_spec": "",
    "kfp.pipeline_spec.pipeline_spec_pb2": (
        "ArtifactIteratorSpec ArtifactList ArtifactTypeSchema ComponentInputsSpec ComponentOutputsSpec "
        "ComponentRef ComponentSpec DESCRIPTOR DagOutputsSpec DagSpec ExecutorInput ExecutorOutput "
        "ParameterIteratorSpec ParameterType PipelineDeploymentConfig PipelineInfo PipelineJob PipelineSpec "
        "PipelineStateEnum PipelineTaskFinalStatus PipelineTaskInfo PipelineTaskSpec PrimitiveType "
        "RuntimeArtifact TaskInputsSpec TaskOutputsSpec Value ValueOrRuntimeParameter _ARTIFACTITERATORSPEC "
        "_ARTIFACTITERATORSPEC_ITEMSSPEC _ARTIFACTLIST _ARTIFACTTYPESCHEMA _COMPONENTINPUTSSPEC "
        "_COMPONENTINPUTSSPEC_ARTIFACTSENTRY _COMPONENTINPUTSSPEC_ARTIFACTSPEC "
        "_COMPONENTINPUTSSPEC_PARAMETERSENTRY _COMPONENTINPUTSSPEC_PARAMETERSPEC _COMPONENTOUTPUTSSPEC "
        "_COMPONENTOUTPUTSSPEC_ARTIFACTSENTRY _COMPONENTOUTPUTSSPEC_ARTIFACTSPEC "
        "_COMPONENTOUTPUTSSPEC_ARTIFACTSPEC_CUSTOMPROPERTIESENTRY "
        "_COMPONENTOUTPUTSSPEC_ARTIFACTSPEC_PROPERTIESENTRY _COMPONENTOUTPUTSSPEC_PARAMETERSENTRY "
        "_COMPONENTOUTPUTSSPEC_PARAMETERSPEC _COMPONENTREF _COMPONENTSPEC _DAGOUTPUTSSPEC "
        "_DAGOUTPUTSSPEC_ARTIFACTSELECTORSPEC _DAGOUTPUTSSPEC_ARTIFACTSENTRY "
        "_DAGOUTPUTSSPEC_DAGOUTPUTARTIFACTSPEC _DAGOUTPUTSSPEC_DAGOUTPUTPARAMETERSPEC "
        "_DAGOUTPUTSSPEC_MAPPARAMETERSELECTORSSPEC "
        "_DAGOUTPUTSSPEC_MAPPARAMETERSELECTORSSPEC_MAPPEDPARAMETERSENTRY _DAGOUTPUTSSPEC_PARAMETERSELECTORSPEC "
        "_DAGOUTPUTSSPEC_PARAMETERSELECTORSSPEC _DAGOUTPUTSSPEC_PARAMETERSENTRY _DAGSPEC _DAGSPEC_TASKSENTRY "
        "_EXECUTORINPUT _EXECUTORINPUT_INPUTS _EXECUTORINPUT_INPUTS_ARTIFACTSENTRY "
        "_EXECUTORINPUT_INPUTS_PARAMETERSENTRY _EXECUTORINPUT_INPUTS_PARAMETERVALUESENTRY "
        "_EXECUTORINPUT_OUTPUTPARAMETER _EXECUTORINPUT_OUTPUTS _EXECUTORINPUT_OUTPUTS_ARTIFACTSENTRY "
        "_EXECUTORINPUT_OUTPUTS_PARAMETERSENTRY _EXECUTOROUTPUT _EXECUTOROUTPUT_ARTIFACTSENTRY "
        "_EXECUTOROUTPUT_PARAMETERSENTRY _EXECUTOROUTPUT_PARAMETERVALUESENTRY _PARAMETERITERATORSPEC "
        "_PARAMETERITERATORSPEC_ITEMSSPEC _PARAMETERTYPE _PARAMETERTYPE_PARAMETERTYPEENUM "
        "_PIPELINEDEPLOYMENTCONFIG _PIPELINEDEPLOYMENTCONFIG_AIPLATFORMCUSTOMJOBSPEC "
        "_PIPELINEDEPLOYMENTCONFIG_EXECUTORSENTRY _PIPELINEDEPLOYMENTCONFIG_EXECUTORSPEC "
        "_PIPELINEDEPLOYMENTCONFIG_IMPORTERSPEC _PIPELINEDEPLOYMENTCONFIG_IMPORTERSPEC_CUSTOMPROPERTIESENTRY "
        "_PIPELINEDEPLOYMENTCONFIG_IMPORTERSPEC_PROPERTIESENTRY _PIPELINEDEPLOYMENTCONFIG_PIPELINECONTAINERSPEC "
        "_PIPELINEDEPLOYMENTCONFIG_PIPELINECONTAINERSPEC_ENVVAR "
        "_PIPELINEDEPLOYMENTCONFIG_PIPELINECONTAINERSPEC_LIFECYCLE "
        "_PIPELINEDEPLOYMENTCONFIG_PIPELINECONTAINERSPEC_LIFECYCLE_EXEC "
        "_PIPELINEDEPLOYMENTCONFIG_PIPELINECONTAINERSPEC_RESOURCESPEC "
        "_PIPELINEDEPLOYMENTCONFIG_PIPELINECONTAINERSPEC_RESOURCESPEC_ACCELERATORCONFIG "
        "_PIPELINEDEPLOYMENTCONFIG_RESOLVERSPEC _PIPELINEDEPLOYMENTCONFIG_RESOLVERSPEC_ARTIFACTQUERYSPEC "
        "_PIPELINEDEPLOYMENTCONFIG_RESOLVERSPEC_OUTPUTARTIFACTQUERIESENTRY _PIPELINEINFO _PIPELINEJOB "
        "_PIPELINEJOB_LABELSENTRY _PIPELINEJOB_RUNTIMECONFIG _PIPELINEJOB_RUNTIMECONFIG_PARAMETERSENTRY "
        "_PIPELINEJOB_RUNTIMECONFIG_PARAMETERVALUESENTRY _PIPELINESPEC _PIPELINESPEC_COMPONENTSENTRY "
        "_PIPELINESPEC_RUNTIMEPARAMETER _PIPELINESTATEENUM _PIPELINESTATEENUM_PIPELINETASKSTATE "
        "_PIPELINETASKFINALSTATUS _PIPELINETASKINFO _PIPELINETASKSPEC _PIPELINETASKSPEC_CACHINGOPTIONS "
        "_PIPELINETASKSPEC_ITERATORPOLICY _PIPELINETASKSPEC_RETRYPOLICY _PIPELINETASKSPEC_TRIGGERPOLICY "
        "_PIPELINETASKSPEC_TRIGGERPOLICY_TRIGGERSTRATEGY _PRIMITIVETYPE _PRIMITIVETYPE_PRIMITIVETYPEENUM "
        "_RUNTIMEARTIFACT _RUNTIMEARTIFACT_CUSTOMPROPERTIESENTRY _RUNTIMEARTIFACT_PROPERTIESENTRY _TASKINPUTSSPEC "
        "_TASKINPUTSSPEC_ARTIFACTSENTRY _TASKINPUTSSPEC_INPUTARTIFACTSPEC "
        "_TASKINPUTSSPEC_INPUTARTIFACTSPEC_TASKOUTPUTARTIFACTSPEC _TASKINPUTSSPEC_INPUTPARAMETERSPEC "
        "_TASKINPUTSSPEC_INPUTPARAMETERSPEC_TASKFINALSTATUS "
        "_TASKINPUTSSPEC_INPUTPARAMETERSPEC_TASKOUTPUTPARAMETERSPEC _TASKINPUTSSPEC_PARAMETERSENTRY "
        "_TASKOUTPUTSSPEC _TASKOUTPUTSSPEC_ARTIFACTSENTRY _TASKOUTPUTSSPEC_OUTPUTARTIFACTSPEC "
        "_TASKOUTPUTSSPEC_OUTPUTARTIFACTSPEC_CUSTOMPROPERTIESENTRY "
        "_TASKOUTPUTSSPEC_OUTPUTARTIFACTSPEC_PROPERTIESENTRY _TASKOUTPUTSSPEC_OUTPUTPARAMETERSPEC "
        "_TASKOUTPUTSSPEC_PARAMETERSENTRY _VALUE _VALUEORRUNTIMEPARAMETER _sym_db"
    ),
    "kfp.cli.components_test": "",
    "kfp.cli.diagnose_me.dev_env_test": "",
    "kfp.cli.diagnose_me.gcp_test": "",
    "kfp.cli.diagnose_me.kubernetes_cluster_test": "",
    "kfp.cli.diagnose_me.utility_test": "",
    "kfp.compiler.v2_compatible_compiler_test": "",
    "kfp.components.type_annotation_utils_test": "",
    "kfp.dsl._container_op_test": "",
    "kfp.dsl.component_spec_test": "",
    "kfp.dsl.dsl_utils_test": "",
    "kfp.dsl.metrics_utils_test": "",
    "kfp.dsl.serialization_utils_test": "",
}
INTERNALS: Final[Mapping[str, frozenset[str]]] = {module: frozenset(names.split()) for module, names in _NAMES.items()}
"""Module of the SDK → its names that are not here; a module that is not here at all has all of its names."""

using Broker.Policies;
using Broker.Silo.Settings;
using Broker.Telemetry;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orleans.Diagnostics;

namespace Broker.Silo.Telemetry;

/// <summary>
/// Sends metrics and traces by OTLP, to where <c>--otlp-endpoint</c> or OpenTelemetry's environment variables say; nothing is set up when
/// neither does. The environment also says how (protocol, headers, interval, resource), as for every program that uses OpenTelemetry.
/// </summary>
/// <param name="settings">Where to, and who this is.</param>
internal sealed class OtlpExport(BrokerSettings settings) : IHostedService, IDisposable
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string MetricsEndpoint = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT";
    private const string TracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    private MeterProvider? _metrics;
    private TracerProvider? _traces;
    private TracerProvider? _calls;

    /// <summary>Whether metrics go anywhere.</summary>
    public static bool SendsMetrics(TelemetryOptions options) => options.OtlpEndpoint.Length > 0 || Has(Endpoint) || Has(MetricsEndpoint);

    /// <summary>Whether traces of messages and of calls between grains go anywhere.</summary>
    public static bool SendsTraces(TelemetryOptions options) =>
        options.TraceSampleRate > 0 && (options.OtlpEndpoint.Length > 0 || Has(Endpoint) || Has(TracesEndpoint));

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        TelemetryOptions options = settings.Telemetry;
        if (SendsMetrics(options))
        {
            _metrics = Sdk.CreateMeterProviderBuilder()
                .ConfigureResource(Describe)
                .AddMeter("Broker.*", "Microsoft.Orleans", "System.Runtime")
                .AddOtlpExporter(exporter => SetUp(exporter, "v1/metrics"))
                .Build();
        }

        if (SendsTraces(options))
        {
            _traces = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(Describe)
                .AddSource(MessageTraces.SourceName)
                .AddOtlpExporter(exporter => SetUp(exporter, "v1/traces"))
                .Build();
            // Messages are chosen by their offset before they get here; calls between grains are chosen here, where they begin.
            _calls = Sdk.CreateTracerProviderBuilder()
                .ConfigureResource(Describe)
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.TraceSampleRate)))
                .AddSource(ActivitySources.AllActivitySourceName)
                .AddOtlpExporter(exporter => SetUp(exporter, "v1/traces"))
                .Build();
        }

        return Task.CompletedTask;
    }

    /// <summary>Sends what is left.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(Dispose, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Interlocked.Exchange(ref _metrics, null)?.Dispose();
        Interlocked.Exchange(ref _traces, null)?.Dispose();
        Interlocked.Exchange(ref _calls, null)?.Dispose();
    }

    private static bool Has(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };

    // What the environment says of this program counts more than what it says of itself.
    private void Describe(ResourceBuilder resource) => resource
        .AddService("broker", serviceVersion: Product.Version, serviceInstanceId: $"{Environment.MachineName}-{settings.Queue.NodeId}")
        .AddEnvironmentVariableDetector();

    private void SetUp(OtlpExporterOptions exporter, string path)
    {
        if (settings.Telemetry.OtlpEndpoint.Length == 0)
            return;
        // The exporter's own default is gRPC; OpenTelemetry recommends HTTP to all who begin now.
        if (!Has(Protocol))
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        string endpoint = settings.Telemetry.OtlpEndpoint;
        exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf
            ? new Uri($"{endpoint.TrimEnd('/')}/{path}")
            : new Uri(endpoint);
    }
}

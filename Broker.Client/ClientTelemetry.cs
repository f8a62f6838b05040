using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;

namespace Broker.Client;

/// <summary>Spans and measurements, named as OpenTelemetry names them for messaging.</summary>
internal static class ClientTelemetry
{
    private static readonly string? Version = typeof(ClientTelemetry).Assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()?.Version;
    private static readonly ActivitySource Activities = new(NsqTelemetry.ActivitySourceName, Version);
    private static readonly Meter Meter = new(NsqTelemetry.MeterName, Version);

    private static readonly Counter<long> Sent = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Messages that a server has accepted, or that could not be published.");

    private static readonly Counter<long> Consumed = Meter.CreateCounter<long>(
        "messaging.client.consumed.messages", "{message}", "Messages that were handed to a handler.");

    private static readonly Histogram<double> Publishing = Meter.CreateHistogram<double>(
        "messaging.client.operation.duration", "s", "How long a publish took, waiting for a connection included.");

    private static readonly Histogram<double> Processing = Meter.CreateHistogram<double>(
        "messaging.process.duration", "s", "How long a handler took.");

    public static bool MeasuresPublishing => Sent.Enabled || Publishing.Enabled;

    public static bool MeasuresProcessing => Consumed.Enabled || Processing.Enabled;

    /// <summary>Whether anyone wants to know of messages that are handled.</summary>
    public static bool Listens => MeasuresProcessing || Activities.HasListeners();

    public static Activity? StartPublish(string topic, int count)
    {
        if (!Activities.HasListeners()) return null;
        Activity? activity = Activities.StartActivity($"send {topic}", ActivityKind.Producer);
        if (activity is null) return null;
        Describe(activity, "send", topic);
        if (count > 1) activity.SetTag("messaging.batch.message_count", count);
        // The publish goes on beyond the call that began it, which must not make it the parent of what comes next.
        Activity.Current = activity.Parent;
        return activity;
    }

    public static Activity? StartProcess(string topic, string channel, in NsqMessage message)
    {
        if (!Activities.HasListeners()) return null;
        Activity? activity = Activities.StartActivity($"process {topic}", ActivityKind.Consumer);
        if (activity is null) return null;
        Describe(activity, "process", topic);
        activity.SetTag("messaging.destination.subscription.name", channel);
        activity.SetTag("messaging.message.id", message.Id);
        activity.SetTag("messaging.message.body.size", message.Body.Length);
        activity.SetTag("nsq.message.attempts", message.Attempts);
        activity.SetTag("server.address", message.Address);
        return activity;
    }

    public static void Published(string topic, int count, TimeSpan duration, Exception? failure)
    {
        TagList tags = Tags("send", topic, failure);
        Sent.Add(count, tags);
        Publishing.Record(duration.TotalSeconds, tags);
    }

    public static void Processed(string topic, TimeSpan duration, Exception? failure)
    {
        TagList tags = Tags("process", topic, failure);
        Consumed.Add(1, tags);
        Processing.Record(duration.TotalSeconds, tags);
    }

    public static void Stop(Activity? activity, Exception? failure)
    {
        if (activity is null) return;
        if (failure is not null)
        {
            activity.SetStatus(ActivityStatusCode.Error, failure.Message);
            activity.SetTag("error.type", ErrorType(failure));
        }
        activity.Dispose();
    }

    private static void Describe(Activity activity, string operation, string topic)
    {
        activity.SetTag("messaging.system", "nsq");
        activity.SetTag("messaging.operation.name", operation);
        activity.SetTag("messaging.destination.name", topic);
    }

    private static TagList Tags(string operation, string topic, Exception? failure)
    {
        TagList tags = new()
        {
            { "messaging.system", "nsq" },
            { "messaging.operation.name", operation },
            { "messaging.destination.name", topic },
        };
        if (failure is not null) tags.Add("error.type", ErrorType(failure));
        return tags;
    }

    private static string ErrorType(Exception failure) => failure is NsqServerException server ? server.Code : failure.GetType().Name;
}

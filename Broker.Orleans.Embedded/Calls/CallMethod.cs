using System.Reflection;
using Orleans;
using Orleans.Concurrency;

namespace Broker.Orleans.Embedded;

/// <summary>What one host knows of one method of a grain interface.</summary>
internal sealed class CallMethod
{
    public CallMethod(EmbeddedGrainHost host, Type interfaceType, MethodInfo method)
    {
        Host = host;
        Name = $"{interfaceType.Name}.{method.Name}";
        OneWay = method.ReturnType == typeof(void) || method.IsDefined(typeof(OneWayAttribute));
        ReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        AlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        Deadlines = host.DeadlinesOf(method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout ?? host.Options.ResponseTimeout);
    }

    /// <summary>Describes the ticks of timers, which are requests that nobody waits for.</summary>
    public CallMethod(EmbeddedGrainHost host, string name, bool alwaysInterleave)
    {
        Host = host;
        Name = name;
        OneWay = true;
        AlwaysInterleave = alwaysInterleave;
        Deadlines = host.DeadlinesOf(Timeout.InfiniteTimeSpan);
    }

    public EmbeddedGrainHost Host { get; }

    public string Name { get; }

    public bool OneWay { get; }

    public bool ReadOnly { get; }

    public bool AlwaysInterleave { get; }

    public DeadlineQueue Deadlines { get; }

    public override string ToString() => Name;
}

using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>What one host knows of one grain or observer interface.</summary>
internal sealed class InterfaceBinding
{
    private readonly ProxyType _proxy;
    private readonly GrainClass[] _classes;

    public InterfaceBinding(EmbeddedGrainHost host, Type interfaceType, GrainClass[] classes)
    {
        Host = host;
        Name = interfaceType.FullName ?? interfaceType.Name;
        _proxy = ProxyType.Of(interfaceType);
        _classes = classes;
        Methods = [.. _proxy.Methods.Select(method => new CallMethod(host, interfaceType, method))];
    }

    public EmbeddedGrainHost Host { get; }

    public string Name { get; }

    public CallMethod[] Methods { get; }

    public GrainProxy Refer(string key, string? classNamePrefix) => Refer(ClassFor(classNamePrefix), key, null);

    public GrainProxy Refer(GrainClass grainClass, string key, Mailbox? mailbox) =>
        _proxy.Create(this, GrainId.Create(grainClass.GrainType, IdSpan.Create(key)), grainClass, mailbox);

    public GrainProxy Refer(Observer observer) => _proxy.Create(this, observer.GrainId, null, observer);

    private GrainClass ClassFor(string? prefix)
    {
        if (_classes.Length == 1 && prefix is null)
        {
            return _classes[0];
        }
        GrainClass[] fitting = string.IsNullOrWhiteSpace(prefix)
            ? _classes
            : [.. _classes.Where(one => one.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal))];
        return fitting switch
        {
            [var one] => one,
            [] => throw new ArgumentException($"Could not find an implementation for interface {Name}"),
            _ => throw new ArgumentException(
                $"Multiple implementations found for interface {Name}: {string.Join(", ", fitting.Select(one => one.Type.FullName))}"),
        };
    }
}

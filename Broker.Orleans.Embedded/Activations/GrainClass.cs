using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>What one host knows of one grain class, and the class's activations by key.</summary>
internal sealed class GrainClass
{
    private readonly ConcurrentDictionary<string, Activation> _activations = new(StringComparer.Ordinal);
    private readonly Lazy<ObjectFactory> _factory;
    private readonly PersistentStateParameter[] _states;

    public GrainClass(EmbeddedGrainHost host, Type type)
    {
        Host = host;
        Type = type;
        GrainType = GrainType.Create(NameOf(type));
        Reentrant = type.IsDefined(typeof(ReentrantAttribute));
        CollectionAge = AgeOf(type) is { } age ? host.ToTimestamp(age) : long.MaxValue;
        _states = PersistentStateParameter.Of(type);
        // A class that cannot be constructed must not keep the others from being used.
        _factory = new Lazy<ObjectFactory>(() => ActivatorUtilities.CreateFactory(type, [.. _states.Select(state => state.Type)]));
    }

    public EmbeddedGrainHost Host { get; }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public bool Reentrant { get; }

    /// <summary>Requests that activations which are gone have begun; the host's gate guards it.</summary>
    public long PastCalls { get; set; }

    /// <summary>How long an activation may be idle, in ticks of the host's clock.</summary>
    public long CollectionAge { get; }

    /// <summary>The activation of a grain, made if there is none; null when the host is stopping.</summary>
    public Activation? Resolve(string key)
    {
        while (true)
        {
            if (_activations.TryGetValue(key, out Activation? known))
            {
                if (!known.IsGone)
                {
                    return known;
                }
                // It is about to remove itself.
                _activations.TryRemove(KeyValuePair.Create(key, known));
            }
            if (Host.IsStopping)
            {
                return null;
            }
            Activation made = new(this, key);
            Host.Add(made);
            if (_activations.TryAdd(key, made))
            {
                made.Start();
                return made;
            }
            Host.Remove(made);
        }
    }

    /// <summary>The activation of a grain if it is active.</summary>
    public Activation? Find(string key) => _activations.TryGetValue(key, out Activation? known) && !known.IsGone ? known : null;

    public void Remove(Activation activation)
    {
        _activations.TryRemove(KeyValuePair.Create(activation.Key, activation));
        Host.Remove(activation);
    }

    /// <summary>A reference that implements no grain interface; it can be cast to those of the class.</summary>
    public GrainReference Refer(Activation activation) =>
        Host.BindingOf(typeof(IAddressable)).Refer(this, activation.Key, activation);

    public Exception Gone(GrainId grainId) =>
        new SiloUnavailableException($"The local Orleans host is shutting down and can no longer process the request to {grainId}.");

    /// <summary>Makes the grain; to be called in a turn of its activation, where its constructor finds its context.</summary>
    public object Construct(Activation activation, out PersistentState[] states)
    {
        if (_states.Length == 0)
        {
            states = [];
            return _factory.Value(activation.ActivationServices, null);
        }
        states = [.. _states.Select(state => state.Create(activation))];
        return _factory.Value(activation.ActivationServices, states);
    }

    private static string NameOf(Type type)
    {
        string name = type.Name.Split('`')[0].ToLowerInvariant();
        return name.Length > 5 && name.EndsWith("grain", StringComparison.Ordinal) ? name[..^5] : name;
    }

    private TimeSpan? AgeOf(Type type)
    {
        if (type.IsDefined(typeof(KeepAliveAttribute)))
        {
            return null;
        }
        if (type.GetCustomAttribute<CollectionAgeLimitAttribute>() is { } limit)
        {
            return limit.AlwaysActive ? null : limit.AgeLimit;
        }
        return Host.Options.CollectionAge;
    }
}

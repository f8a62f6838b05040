using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Serialization.Cloning;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Serializers;

namespace Broker.Tests.Simulation.Silos;

/// <summary>Orleans' own proxies, copiers and serialiser. All simulations of a process share them: they take longer to make than most simulations take.</summary>
internal static class OrleansParts
{
    private static readonly ServiceProvider Services = new ServiceCollection()
        .AddLogging()
        .AddOrleansClient(static _ => { })
        // References that are deserialised belong to the simulation of the thread.
        .AddSingleton<IGrainFactory, FactoryOfThread>()
        .BuildServiceProvider();

    private static readonly CodecProvider Codecs = Services.GetRequiredService<CodecProvider>();

    private static readonly CopyContextPool Copies = Services.GetRequiredService<CopyContextPool>();

    private static readonly Dictionary<Type, Proxy> Proxies = FindProxies();

    [ThreadStatic]
    private static IGrainFactory? s_factory;

    public static DeepCopier Copier { get; } = Services.GetRequiredService<DeepCopier>();

    public static Serializer Serializer { get; } = Services.GetRequiredService<Serializer>();

    public static GrainTypeResolver GrainTypes { get; } = Services.GetRequiredService<GrainTypeResolver>();

    /// <summary>The interfaces that Orleans' generator has made proxies of.</summary>
    public static IEnumerable<Type> Interfaces => Proxies.Keys;

    /// <summary>How Orleans names an interface.</summary>
    public static GrainInterfaceType InterfaceTypeOf(Type type) => Proxies[type].InterfaceType;

    /// <summary>The interface that Orleans names so.</summary>
    public static Type InterfaceOf(GrainInterfaceType type) => Proxies.First(one => one.Value.InterfaceType == type).Key;

    /// <summary>Makes a reference to a grain by the proxy that Orleans' generator has made of its interface.</summary>
    public static GrainReference MakeReference(IGrainReferenceRuntime runtime, Type interfaceType, GrainId id)
    {
        Proxy proxy = Proxies[interfaceType];
        return (GrainReference)proxy.New.Invoke(
            new GrainReferenceShared(id.Type, proxy.InterfaceType, interfaceVersion: 0, runtime, default, Codecs, Copies, Services), id.Key);
    }

    /// <summary>Sends something through the serialiser and back, as if it crossed from silo to silo.</summary>
    public static T? RoundTrip<T>(T value, IGrainFactory factory)
    {
        byte[] bytes = Serializer.SerializeToArray<object>(value!);
        s_factory = factory;
        try
        {
            return (T?)Serializer.Deserialize<object>(bytes);
        }
        finally
        {
            s_factory = null;
        }
    }

    private static Dictionary<Type, Proxy> FindProxies()
    {
        GrainInterfaceTypeResolver types = Services.GetRequiredService<GrainInterfaceTypeResolver>();
        Dictionary<Type, Proxy> proxies = [];
        foreach (Type proxy in Services.GetRequiredService<IOptions<TypeManifestOptions>>().Value.InterfaceProxies)
        {
            if (proxy.IsGenericType || !proxy.IsAssignableTo(typeof(GrainReference)))
                continue;
            Type[] interfaces = proxy.GetInterfaces();
            Type main = interfaces.First(one => interfaces.All(other => other.IsAssignableFrom(one) || !other.IsAssignableTo(typeof(IAddressable)) || other == typeof(IAddressable)));
            ConstructorInfo constructor = proxy.GetConstructor(
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(GrainReferenceShared), typeof(IdSpan)])!;
            proxies[main] = new Proxy(ConstructorInvoker.Create(constructor), types.GetGrainInterfaceType(main));
        }

        return proxies;
    }

    private sealed record Proxy(ConstructorInvoker New, GrainInterfaceType InterfaceType);

    private sealed class FactoryOfThread : SimulatedGrainFactory
    {
        public override IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => s_factory!.GetGrain(grainId, interfaceType);
    }
}

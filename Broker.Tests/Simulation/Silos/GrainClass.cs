using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>What Orleans reads from a grain class.</summary>
internal sealed class GrainClass(Type type)
{
    private static readonly ConcurrentDictionary<Assembly, GrainClass[]> Known = [];

    private readonly bool _takesContext = type.GetConstructors().Any(one => one.GetParameters().Any(parameter => parameter.ParameterType == typeof(IGrainContext)));

    public Type Type { get; } = type;

    public GrainType GrainType { get; } = OrleansParts.GrainTypes.GetGrainType(type);

    public bool IsReentrant { get; } = type.GetCustomAttribute<ReentrantAttribute>() is not null;

    public bool IsKeptAlive { get; } = type.GetCustomAttribute<KeepAliveAttribute>() is not null;

    public Type MainInterface { get; } = OrleansParts.Interfaces.First(one => one.IsAssignableFrom(type));

    /// <summary>The grain classes of an assembly, in the order of their names.</summary>
    public static GrainClass[] In(Assembly assembly) => Known.GetOrAdd(assembly, static one =>
        [.. one.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(Grain)))
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .Select(type => new GrainClass(type))]);

    /// <summary>Makes a grain.</summary>
    /// <exception cref="InvalidOperationException">Its constructor fails.</exception>
    public Grain Make(IServiceProvider services, IGrainContext context) =>
        _takesContext ? New(services, context) : throw new InvalidOperationException(
            $"{Type} must take an IGrainContext and hand it to its base: the context of the running grain cannot be set from outside of Orleans");

    private Grain New(IServiceProvider services, IGrainContext context)
    {
        try
        {
            return (Grain)ActivatorUtilities.CreateInstance(services, Type, context);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"Failed to create an instance of {Type}.", e);
        }
    }
}

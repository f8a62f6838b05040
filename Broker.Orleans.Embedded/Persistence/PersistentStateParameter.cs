using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace Broker.Orleans.Embedded;

/// <summary>A parameter of a grain's constructor that asks for persistent state.</summary>
internal sealed class PersistentStateParameter
{
    private const string DefaultStorage = "Default";

    private readonly PersistentStateAttribute _attribute;
    private readonly Type _grainClass;

    private PersistentStateParameter(Type grainClass, Type stateType, PersistentStateAttribute attribute)
    {
        _grainClass = grainClass;
        _attribute = attribute;
        Type = typeof(PersistentState<>).MakeGenericType(stateType);
    }

    /// <summary>The class of the argument.</summary>
    public Type Type { get; }

    /// <exception cref="InvalidOperationException">A parameter with the attribute is of another type.</exception>
    public static PersistentStateParameter[] Of(Type grainClass) =>
    [
        .. grainClass.GetConstructors().SelectMany(constructor => constructor.GetParameters())
            .Select(parameter => (parameter.ParameterType, Attribute: parameter.GetCustomAttribute<PersistentStateAttribute>()))
            .Where(parameter => parameter.Attribute is not null)
            .Select(parameter => new PersistentStateParameter(
                grainClass, StateTypeOf(grainClass, parameter.ParameterType), parameter.Attribute!))
    ];

    public PersistentState Create(Activation activation)
    {
        string name = _attribute.StorageName ?? DefaultStorage;
        IGrainStorage storage = activation.ActivationServices.GetKeyedService<IGrainStorage>(name)
            ?? throw new InvalidOperationException($"No storage provider named '{name}' found to load state of {_grainClass}.");
        return (PersistentState)Activator.CreateInstance(Type, _attribute.StateName, activation.GrainId, storage)!;
    }

    private static Type StateTypeOf(Type grainClass, Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IPersistentState<>)
            ? type.GetGenericArguments()[0]
            : throw new InvalidOperationException(
                $"A constructor of {grainClass} asks for persistent state as {type}; it can be had as IPersistentState<T> only.");
}

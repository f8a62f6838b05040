using System.Reflection;

namespace Broker.Tests.Simulation.Whole.Mutations;

/// <summary>An object in the place of another, to which it passes on what is not to be done otherwise.</summary>
internal class Substitute : DispatchProxy
{
    private object? _original;
    private Instead? _instead;

    /// <summary>What is done in the place of a call.</summary>
    /// <param name="method">Name of the method.</param>
    /// <param name="arguments">Its arguments, which may be changed.</param>
    /// <param name="go">Calls the original.</param>
    public delegate object? Instead(string method, object?[] arguments, Func<object?> go);

    /// <summary>Puts something in the place of an object.</summary>
    public static T Of<T>(T original, Instead instead)
        where T : class
    {
        T made = Create<T, Substitute>();
        Substitute substitute = (Substitute)(object)made;
        substitute._original = original;
        substitute._instead = instead;
        return made;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _instead!(
        targetMethod!.Name,
        args ?? [],
        () => targetMethod.Invoke(_original, BindingFlags.DoNotWrapExceptions, null, args, null));
}

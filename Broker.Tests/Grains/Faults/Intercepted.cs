using System.Reflection;

namespace Broker.Tests.Grains.Faults;

/// <summary>Stands before something by its interface, and may do otherwise for some of its members.</summary>
public class Intercepted : DispatchProxy
{
    private object _target = null!;
    private Func<MethodInfo, Func<object?>, object?> _call = null!;

    /// <param name="target">What stands behind it.</param>
    /// <param name="call">Answers a call, given its member and what carries it out.</param>
    public static T Of<T>(T target, Func<MethodInfo, Func<object?>, object?> call)
        where T : class
    {
        T proxy = Create<T, Intercepted>();
        ((Intercepted)(object)proxy)._target = target;
        ((Intercepted)(object)proxy)._call = call;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        _call(targetMethod!, () => targetMethod!.Invoke(_target, BindingFlags.DoNotWrapExceptions, null, args, null));
}

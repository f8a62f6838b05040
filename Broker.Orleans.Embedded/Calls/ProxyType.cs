using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>
/// The reference class of one interface, generated at run time: a proxy whose methods only put their arguments into a
/// typed call object, and for each method the class of these calls. Nothing is boxed and no argument array is made.
/// </summary>
internal sealed class ProxyType
{
    private static readonly ConcurrentDictionary<Type, Lazy<ProxyType>> Known = new();

    private static readonly MethodInfo SendResult = typeof(GrainProxy).GetMethods()
        .Single(method => method is { Name: nameof(GrainProxy.Send), IsGenericMethodDefinition: true });

    private static readonly MethodInfo SendVoid = typeof(GrainProxy).GetMethods()
        .Single(method => method is { Name: nameof(GrainProxy.Send), IsGenericMethodDefinition: false });

    private ProxyType(Type interfaceType)
    {
        Methods = MethodsOf(interfaceType);
        Create = Generate(interfaceType, Methods);
    }

    public delegate GrainProxy Factory(InterfaceBinding binding, GrainId grainId, GrainClass? grainClass, Mailbox? mailbox);

    /// <summary>The methods in the order of their numbers.</summary>
    public MethodInfo[] Methods { get; }

    /// <summary>Makes a reference.</summary>
    public Factory Create { get; }

    /// <exception cref="NotSupportedException">The interface has members that cannot be called from elsewhere.</exception>
    public static ProxyType Of(Type interfaceType) =>
        Known.GetOrAdd(interfaceType, static type => new Lazy<ProxyType>(() => new ProxyType(type))).Value;

    private static MethodInfo[] MethodsOf(Type interfaceType)
    {
        if (!interfaceType.IsInterface || interfaceType.ContainsGenericParameters)
        {
            throw new ArgumentException($"{interfaceType} is not an interface that references can be made for.");
        }
        MethodInfo[] methods =
        [
            .. interfaceType.GetInterfaces().Append(interfaceType)
                .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Public))
        ];
        if (methods.FirstOrDefault(method => !CanCall(method)) is { } wrong)
        {
            throw new NotSupportedException(
                $"{wrong.DeclaringType}.{wrong.Name} cannot be called through a reference: grain methods return Task, Task<T>, "
                + "ValueTask, ValueTask<T> or void, take their parameters by value and are neither generic nor properties.");
        }
        return methods;
    }

    private static bool CanCall(MethodInfo method) =>
        method is { IsSpecialName: false, IsGenericMethodDefinition: false }
        && method.GetParameters().All(parameter => !parameter.ParameterType.IsByRef)
        && (method.ReturnType == typeof(void) || method.ReturnType == typeof(Task) || method.ReturnType == typeof(ValueTask)
            || ResultOf(method) is not null);

    private static Type? ResultOf(MethodInfo method) =>
        method.ReturnType is { IsGenericType: true } type
        && (type.GetGenericTypeDefinition() == typeof(Task<>) || type.GetGenericTypeDefinition() == typeof(ValueTask<>))
            ? type.GetGenericArguments()[0]
            : null;

    private static Factory Generate(Type interfaceType, MethodInfo[] methods)
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(
            new AssemblyName($"Broker.Orleans.Embedded.Proxies.{interfaceType.FullName}"), AssemblyBuilderAccess.Run);
        ConstructorInfo ignoring = typeof(IgnoresAccessChecksToAttribute).GetConstructors().Single();
        foreach (string name in AssembliesOf(interfaceType, methods))
        {
            assembly.SetCustomAttribute(new CustomAttributeBuilder(ignoring, [name]));
        }
        ModuleBuilder module = assembly.DefineDynamicModule("Proxies");
        TypeBuilder proxy = module.DefineType(
            interfaceType.Name + "Proxy", TypeAttributes.Public | TypeAttributes.Sealed, typeof(GrainProxy), [interfaceType]);
        ConstructorBuilder constructor = GenerateConstructor(proxy);
        for (int number = 0; number < methods.Length; number++)
        {
            Type call = GenerateCall(module, methods[number], number);
            GenerateMethod(proxy, methods[number], number, call);
        }
        GenerateFactory(proxy, constructor);
        return proxy.CreateType().GetMethod("Create", BindingFlags.Static | BindingFlags.Public)!.CreateDelegate<Factory>();
    }

    private static SortedSet<string> AssembliesOf(Type interfaceType, MethodInfo[] methods)
    {
        SortedSet<string> names = new(StringComparer.Ordinal) { typeof(ProxyType).Assembly.GetName().Name! };
        Add(interfaceType);
        foreach (MethodInfo method in methods)
        {
            Add(method.DeclaringType!);
            Add(method.ReturnType);
            foreach (ParameterInfo parameter in method.GetParameters())
            {
                Add(parameter.ParameterType);
            }
        }
        return names;

        void Add(Type type)
        {
            names.Add(type.Assembly.GetName().Name!);
            if (type.HasElementType)
            {
                Add(type.GetElementType()!);
            }
            foreach (Type argument in type.GetGenericArguments())
            {
                Add(argument);
            }
        }
    }

    private static ConstructorBuilder GenerateConstructor(TypeBuilder proxy)
    {
        ConstructorInfo inherited = typeof(GrainProxy)
            .GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Single();
        Type[] parameters = [.. inherited.GetParameters().Select(parameter => parameter.ParameterType)];
        ConstructorBuilder constructor = proxy.DefineConstructor(MethodAttributes.Public, CallingConventions.HasThis, parameters);
        ILGenerator il = constructor.GetILGenerator();
        for (int argument = 0; argument <= parameters.Length; argument++)
        {
            il.Emit(OpCodes.Ldarg, (short)argument);
        }
        il.Emit(OpCodes.Call, inherited);
        il.Emit(OpCodes.Ret);
        return constructor;
    }

    private static void GenerateFactory(TypeBuilder proxy, ConstructorBuilder constructor)
    {
        ParameterInfo[] parameters = typeof(Factory).GetMethod("Invoke")!.GetParameters();
        MethodBuilder create = proxy.DefineMethod(
            "Create",
            MethodAttributes.Public | MethodAttributes.Static,
            typeof(GrainProxy),
            [.. parameters.Select(parameter => parameter.ParameterType)]);
        ILGenerator il = create.GetILGenerator();
        for (int argument = 0; argument < parameters.Length; argument++)
        {
            il.Emit(OpCodes.Ldarg, (short)argument);
        }
        il.Emit(OpCodes.Newobj, constructor);
        il.Emit(OpCodes.Ret);
    }

    /// <summary>The class of the calls of a method: a field for each argument, and the call itself.</summary>
    private static Type GenerateCall(ModuleBuilder module, MethodInfo method, int number)
    {
        Type? result = ResultOf(method);
        Type parent = result is null ? typeof(VoidCall) : typeof(ResultCall<>).MakeGenericType(result);
        Type outcome = result is null ? typeof(ValueTask) : typeof(ValueTask<>).MakeGenericType(result);
        TypeBuilder call = module.DefineType($"{method.Name}Call{number}", TypeAttributes.Public | TypeAttributes.Sealed, parent);
        FieldBuilder[] fields =
        [
            .. method.GetParameters().Select((parameter, position) =>
                call.DefineField($"Argument{position}", parameter.ParameterType, FieldAttributes.Public))
        ];
        MethodInfo invoked = parent.GetMethod(result is null ? nameof(VoidCall.Perform) : nameof(ResultCall<>.Invoke))!;
        MethodBuilder invoke = call.DefineMethod(
            invoked.Name,
            MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.HideBySig | MethodAttributes.Final,
            outcome,
            [typeof(object)]);
        ILGenerator il = invoke.GetILGenerator();
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Castclass, method.DeclaringType!);
        foreach (FieldBuilder field in fields)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldfld, field);
        }
        il.Emit(OpCodes.Callvirt, method);
        if (method.ReturnType == typeof(void))
        {
            LocalBuilder completed = il.DeclareLocal(typeof(ValueTask));
            il.Emit(OpCodes.Ldloc, completed);
        }
        else if (method.ReturnType != outcome)
        {
            il.Emit(OpCodes.Newobj, outcome.GetConstructor([method.ReturnType])!);
        }
        il.Emit(OpCodes.Ret);
        call.DefineMethodOverride(invoke, invoked);
        return call.CreateType();
    }

    private static void GenerateMethod(TypeBuilder proxy, MethodInfo method, int number, Type call)
    {
        Type[] parameters = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        MethodBuilder sender = proxy.DefineMethod(
            $"{method.DeclaringType!.FullName}.{method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig
                | MethodAttributes.NewSlot,
            method.ReturnType,
            parameters);
        ILGenerator il = sender.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Newobj, call.GetConstructor(Type.EmptyTypes)!);
        for (int position = 0; position < parameters.Length; position++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldarg, (short)(position + 1));
            il.Emit(OpCodes.Stfld, call.GetField($"Argument{position}")!);
        }
        il.Emit(OpCodes.Ldc_I4, number);
        MethodInfo send = ResultOf(method) is { } result ? SendResult.MakeGenericMethod(result) : SendVoid;
        il.Emit(OpCodes.Call, send);
        if (method.ReturnType == typeof(void))
        {
            il.Emit(OpCodes.Pop);
        }
        else if (method.ReturnType != send.ReturnType)
        {
            LocalBuilder answer = il.DeclareLocal(send.ReturnType);
            il.Emit(OpCodes.Stloc, answer);
            il.Emit(OpCodes.Ldloca, answer);
            il.Emit(OpCodes.Call, send.ReturnType.GetMethod(nameof(ValueTask.AsTask))!);
        }
        il.Emit(OpCodes.Ret);
        proxy.DefineMethodOverride(sender, method);
    }
}

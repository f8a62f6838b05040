using System.Reflection;
using System.Reflection.Emit;
using Broker.Orleans.Embedded;

namespace Broker.Tests.Embedded;

/// <summary>The embedded engine declares nothing that Orleans lacks, and nothing otherwise than Orleans.</summary>
public sealed class ConformanceTests
{
    private static readonly OrleansSurface Orleans = OrleansSurface.Load();

    [Fact]
    public void Everything_in_the_namespaces_of_Orleans_is_as_in_Orleans()
    {
        using FileStream file = File.OpenRead(typeof(EmbeddedGrainHost).Assembly.Location);
        Assert.Empty(Orleans.Differences(file));
    }

    [Fact]
    public void The_checker_sees_the_types_that_it_is_to_check()
    {
        using FileStream file = File.OpenRead(typeof(EmbeddedGrainHost).Assembly.Location);
        SortedDictionary<string, SortedSet<string>> types = PublicSurface.Of(file, "Orleans.");
        Assert.Contains(
            "public abstract TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string grainClassNamePrefix = null)"
            + " where TGrainInterface : Orleans.IGrainWithStringKey",
            types["Orleans.IGrainFactory"]);
        Assert.Contains("usage Class, Struct, Enum", types["Orleans.GenerateSerializerAttribute"]);
        Assert.Contains(
            types["Orleans.Runtime.GrainTimerCreationOptions"],
            line => line.StartsWith("public required init void set_Period(", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a type that Orleans lacks")]
    [InlineData("a member that Orleans lacks")]
    [InlineData("another return type")]
    [InlineData("another name of a parameter")]
    [InlineData("another default")]
    [InlineData("another constraint")]
    [InlineData("another kind of type")]
    [InlineData("another base")]
    [InlineData("another usage")]
    public void A_difference_is_found(string difference)
    {
        PersistedAssemblyBuilder assembly = new(new AssemblyName("Wrong"), typeof(object).Assembly);
        ModuleBuilder module = assembly.DefineDynamicModule("Wrong");
        const TypeAttributes Sealed = TypeAttributes.Public | TypeAttributes.Sealed;
        const TypeAttributes Interface = TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract;
        TypeBuilder type = difference switch
        {
            "a type that Orleans lacks" => module.DefineType("Orleans.IInvented", Interface),
            "another kind of type" => module.DefineType("Orleans.IGrain", TypeAttributes.Public, typeof(object)),
            "another base" => module.DefineType("Orleans.Runtime.SiloUnavailableException", Sealed, typeof(Exception)),
            "another usage" => module.DefineType("Orleans.Concurrency.ReentrantAttribute", Sealed, typeof(Attribute)),
            "another constraint" => module.DefineType("Orleans.IGrainFactory", Interface),
            _ => module.DefineType("Orleans.Runtime.IGrainContext", Interface),
        };
        switch (difference)
        {
            case "another usage":
                type.SetCustomAttribute(new CustomAttributeBuilder(
                    typeof(AttributeUsageAttribute).GetConstructor([typeof(AttributeTargets)])!, [AttributeTargets.Method]));
                break;
            case "a member that Orleans lacks":
                Define("Invented", typeof(void));
                break;
            case "another return type":
                Define("get_Deactivated", typeof(ValueTask));
                break;
            case "another name of a parameter":
                Define("ReceiveMessage", typeof(void), typeof(object)).DefineParameter(1, ParameterAttributes.None, "wrong");
                break;
            case "another default":
                Define("ReceiveMessage", typeof(void), typeof(object))
                    .DefineParameter(1, ParameterAttributes.Optional, "message").SetConstant(null);
                break;
            case "another constraint":
                MethodBuilder get = Define("GetGrain", typeof(void));
                GenericTypeParameterBuilder parameter = get.DefineGenericParameters("TGrainInterface")[0];
                get.SetReturnType(parameter);
                get.SetParameters(typeof(string), typeof(string));
                get.DefineParameter(1, ParameterAttributes.None, "primaryKey");
                get.DefineParameter(2, ParameterAttributes.Optional, "grainClassNamePrefix").SetConstant(null);
                break;
        }
        type.CreateType();
        using MemoryStream image = new();
        assembly.Save(image);
        image.Position = 0;
        IReadOnlyList<string> found = Orleans.Differences(image);
        Assert.NotEmpty(found);
        Assert.All(found, line => Assert.Contains(type.FullName!, line));

        MethodBuilder Define(string name, Type result, params Type[] parameters) => type.DefineMethod(
            name,
            MethodAttributes.Public | MethodAttributes.Abstract | MethodAttributes.Virtual | MethodAttributes.HideBySig,
            result,
            parameters);
    }

    [Fact]
    public void What_is_right_is_no_difference()
    {
        PersistedAssemblyBuilder assembly = new(new AssemblyName("Right"), typeof(object).Assembly);
        TypeBuilder type = assembly.DefineDynamicModule("Right").DefineType(
            "Orleans.Runtime.IGrainContext", TypeAttributes.Public | TypeAttributes.Interface | TypeAttributes.Abstract);
        type.DefineMethod(
            "ReceiveMessage",
            MethodAttributes.Public | MethodAttributes.Abstract | MethodAttributes.Virtual,
            typeof(void),
            [typeof(object)])
            .DefineParameter(1, ParameterAttributes.None, "message");
        type.CreateType();
        using MemoryStream image = new();
        assembly.Save(image);
        image.Position = 0;
        Assert.Empty(Orleans.Differences(image));
    }
}

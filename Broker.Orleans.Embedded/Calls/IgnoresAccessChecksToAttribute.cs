namespace System.Runtime.CompilerServices;

/// <summary>
/// The runtime knows this attribute by its name: it lets the generated assemblies see internal interfaces, as code that
/// is generated at build time would.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
